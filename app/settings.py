"""Every setting of the server, from TRYG_* environment variables, in one frozen object.

Hides where a value comes from and what it defaults to. Promises that a wrong value stops the start with one sentence
that names the variable. Nothing else in the project reads the environment. docs/settings.md lists these fields; a house
test fails where one is missing there.
"""

import ipaddress
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")  # as Amazon names them
_PREFIX = re.compile(r"(/[A-Za-z0-9._-]*)*")
_ELSEWHERE = {
    "photos_endpoint": "AWS_ENDPOINT_URL", "photos_key": "AWS_ACCESS_KEY_ID", "photos_secret": "AWS_SECRET_ACCESS_KEY",
    "photos_region": "AWS_REGION",
}  # fmt: skip
ROLES = {"organiser", "coordinator", "partner", "admin"}


class WrongSetting(Exception):
    """A setting cannot be used; the text is one sentence that names the variable."""


def _is_here(address: str) -> bool:
    """Whether an http:// address is this machine's own, as for trying things out."""
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"}


def passkey_origin(address: str) -> str:
    """The origin of `address` where browsers allow passkeys there; "" without https, or with a number for a name."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme == "https" or host == "localhost" else ""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="TRYG_", frozen=True, extra="ignore")

    data: Path = Field(Path("./var"), description="Folder for the database, the photos and the secret.")
    database_url: str = Field(
        "", description="SQLAlchemy address, postgresql+psycopg://… or sqlite:///…; empty: SQLite in the data folder."
    )
    to_database_url: str = Field(
        "",
        description="As TRYG_DATABASE_URL, for tryg move alone: where to, so that no password stands on a command line.",
    )
    photos_url: str = Field(
        "",
        description="s3://bucket/prefix or file:///folder for photos; empty: the folder photos in the data folder.",
    )
    photos_endpoint: str = Field(
        "",
        validate_default=True,
        description="http(s):// address of the S3 store; empty: AWS_ENDPOINT_URL, else Amazon's of the region.",
    )
    photos_key: str = Field("", validate_default=True, description="Access key there; empty: AWS_ACCESS_KEY_ID.")
    photos_secret: SecretStr = Field(
        SecretStr(""), validate_default=True, description="Its secret; empty: AWS_SECRET_ACCESS_KEY."
    )
    photos_region: str = Field(
        "",
        validate_default=True,
        description="Region of the store; empty: AWS_REGION, else us-east-1 where an endpoint is set.",
    )
    base_url: str = Field(
        "", description="Address people reach the server at, for links; empty: http://127.0.0.1 and the port served."
    )
    secret: SecretStr = Field(
        SecretStr(""),
        description="Key that signs what we hand out, 32 characters or more; empty: made and kept in data.",
    )
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="smtp://user:password@host:587 or smtps://…; empty: sign-in codes are printed in the log.",
    )
    smtp_tls: Literal["required", "offered"] = Field(
        "required",
        description="offered lets letters go to another machine's smtp:// as they are where it offers no TLS.",
    )
    mail_from: str = Field("tryghedsvandring@localhost", description="Sender of the e-mails.")
    oidc_issuer: str = Field(
        "",
        description="https:// address of the sign-in (OpenID Connect) that a municipality's people use; empty: none.",
    )
    oidc_client_id: str = Field(
        "", validate_default=True, description="What that sign-in calls us; needed where TRYG_OIDC_ISSUER is set."
    )
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), validate_default=True, description="Our secret there; needed where TRYG_OIDC_ISSUER is set."
    )
    oidc_name: str = Field(
        "", validate_default=True, description="Whose sign-in it is, as the button says; needed with TRYG_OIDC_ISSUER."
    )
    strong_sign_in: str = Field(
        "",
        description="Roles that come in by passkey or the municipality's sign-in, never by a code: admin,coordinator; empty: none.",
    )
    basemap: str = Field(
        "",
        description="The map under everything: a PMTiles file's path, or https://… of vector tiles with {z}, {x} and {y} in it; empty: none.",
    )
    basemap_credit: str = Field("© OpenStreetMap", description="Credit shown on the map for the base map.")
    rate_limits: Literal["on", "off"] = Field("on", description="off lifts every limit on how often, for load tests.")
    photo_bytes: int = Field(15 * 1024 * 1024, ge=1024, description="Largest photo taken in, in bytes.")
    session_hours: int = Field(12, ge=1, le=720, description="Hours until a coordinator's sign-in ends.")
    session_idle_minutes: int = Field(
        60,
        ge=5,
        le=43_200,
        description="Minutes after which a sign-in ends that nobody uses; an open live page is use.",
    )
    photo_workers: int = Field(1, ge=1, le=32, description="Processes that clean photos at idle priority.")
    trusted_proxies: str = Field(
        "", description="Addresses of proxies whose X-Forwarded-For is believed, comma-separated; empty: none."
    )
    log_format: Literal["auto", "json", "plain"] = Field(
        "auto", description="How the log is written: json, plain, or auto: plain where it goes to a terminal."
    )
    log_level: Literal["info", "debug"] = Field(
        "info", description="debug tells of watchdogs' and files' requests too; never more of what anybody sent."
    )
    metrics_key: SecretStr = Field(
        SecretStr(""),
        description="Key for /metrics (Authorization: Bearer …), 16 characters or more; empty: there is no such page.",
    )
    security_contact: str = Field(
        "",
        description="Where to report a hole, for /.well-known/security.txt: mailto:… or https://…; empty: there is no such file.",
    )

    @field_validator("database_url", "to_database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("postgresql+psycopg://", "sqlite:///")):
            raise ValueError("must begin with postgresql+psycopg:// or sqlite:///")
        return value

    @field_validator("photos_url")
    @classmethod
    def _known_store(cls, value: str) -> str:
        if value.startswith("s3://"):
            parts = urlsplit(value)
            if (
                not _BUCKET.fullmatch(parts.netloc)
                or not _PREFIX.fullmatch(parts.path)
                or parts.query
                or parts.fragment
            ):
                raise ValueError(
                    "must be s3://bucket or s3://bucket/prefix, of letters, digits, dots, hyphens, underscores and slashes"
                )
        elif value and not value.startswith("file:///"):
            raise ValueError("must begin with s3:// or file:///")
        return value

    @field_validator("photos_endpoint", "photos_key", "photos_secret", "photos_region", mode="before")
    @classmethod
    def _as_others_call_it(cls, value: Any, known: ValidationInfo) -> Any:
        """What other programs' variables say, where photos lie in a bucket and ours say nothing."""
        given = value.get_secret_value() if isinstance(value, SecretStr) else value
        if given or not str(known.data.get("photos_url", "")).startswith("s3://"):
            return value
        return os.environ.get(_ELSEWHERE[str(known.field_name)], "")

    @field_validator("photos_endpoint")
    @classmethod
    def _store_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/")):
            raise ValueError("must be an http:// or https:// address without a path")
        return value.rstrip("/")

    @field_validator("photos_key", "photos_secret")
    @classmethod
    def _with_a_bucket(cls, value: str | SecretStr, known: ValidationInfo) -> str | SecretStr:
        given = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not given and str(known.data.get("photos_url", "")).startswith("s3://"):
            raise ValueError("is needed where TRYG_PHOTOS_URL is an s3:// address")
        return value

    @field_validator("photos_region")
    @classmethod
    def _some_region(cls, value: str, known: ValidationInfo) -> str:
        if value or not str(known.data.get("photos_url", "")).startswith("s3://"):
            return value
        if not known.data.get("photos_endpoint"):
            raise ValueError("is needed where photos lie in a bucket and TRYG_PHOTOS_ENDPOINT is empty")
        return "us-east-1"

    @field_validator("base_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.netloc):
            raise ValueError("must be an http:// or https:// address")
        return value.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _mail_address(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        if value.get_secret_value() and (parts.scheme not in {"smtp", "smtps"} or not parts.hostname):
            raise ValueError("must be an smtp:// or smtps:// address")
        return value

    @field_validator("metrics_key")
    @classmethod
    def _no_short_key(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not re.fullmatch(r"\S{16,}", value.get_secret_value()):
            raise ValueError("must be 16 characters or more, without spaces")
        return value

    @field_validator("security_contact")
    @classmethod
    def _contact(cls, value: str) -> str:
        if value and (not value.startswith(("mailto:", "https://")) or not value.isprintable() or " " in value):
            raise ValueError("must begin with mailto: or https://")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for one in filter(None, (part.strip() for part in value.split(","))):
            try:
                ipaddress.ip_network(one)
            except ValueError:  # "*" would believe whoever calls
                raise ValueError(f"must be addresses or networks, separated by commas, not {one}") from None
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (parts.netloc and (parts.scheme == "https" or _is_here(value))):
            raise ValueError("must be an https:// address")
        return value

    @field_validator("oidc_client_id", "oidc_client_secret", "oidc_name")
    @classmethod
    def _with_the_issuer(cls, value: str | SecretStr, known: ValidationInfo) -> str | SecretStr:
        given = value.get_secret_value() if isinstance(value, SecretStr) else value.strip()
        if bool(given) != bool(known.data.get("oidc_issuer")) and "oidc_issuer" in known.data:
            raise ValueError("is needed where TRYG_OIDC_ISSUER is set" if not given else "needs TRYG_OIDC_ISSUER too")
        return value

    @field_validator("strong_sign_in")
    @classmethod
    def _roles(cls, value: str, known: ValidationInfo) -> str:
        unknown = {role.strip() for role in value.split(",") if role.strip()} - ROLES
        if unknown:
            raise ValueError(f"must be roles, separated by commas, of: {', '.join(sorted(ROLES))}")
        ways = known.data.get("oidc_issuer") or passkey_origin(known.data.get("base_url") or "")
        if value.strip() and not ways:  # nobody could come in
            raise ValueError("needs TRYG_OIDC_ISSUER, or a TRYG_BASE_URL with https and a name, where passkeys work")
        return value

    @field_validator("secret")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) < 32:
            raise ValueError("must be 32 characters or more")
        return value

    @field_validator("basemap")
    @classmethod
    def _map(cls, value: str) -> str:
        if "://" not in value:
            if value and not Path(value).is_file():
                raise ValueError(f"names no file: {value}")
            return value
        parts = urlsplit(value)
        if not (parts.netloc and (parts.scheme == "https" or _is_here(value))):
            raise ValueError("must be a file's path or an https:// address")
        if missing := [name for name in ("{z}", "{x}", "{y}") if name not in value]:
            raise ValueError(f"lacks {missing[0]} in its address: https://…/{{z}}/{{x}}/{{y}}…")
        return value

    @property
    def database(self) -> str:
        """The SQLAlchemy address in force."""
        return self.database_url or f"sqlite:///{(self.data / 'tryg.sqlite').resolve()}"

    @property
    def photos_place(self) -> dict[str, str]:
        """Where the photos lie: a folder, or a bucket and how to get in; then `aside` is a folder for what passes."""
        parts = urlsplit(self.photos_url)
        if parts.scheme != "s3":
            folder = Path(parts.path) if self.photos_url else self.data / "photos"
            return {"folder": str(folder.resolve())}
        return {
            "bucket": parts.netloc, "prefix": parts.path.strip("/"), "endpoint": self.photos_endpoint, "key": self.photos_key,
            "secret": self.photos_secret.get_secret_value(), "region": self.photos_region, "aside": str((self.data / "passing").resolve()),
        }  # fmt: skip

    @property
    def maps(self) -> Path:
        """The folder of the walks' own maps."""
        return self.data / "maps"

    @property
    def printed(self) -> Path:
        """The folder of the reports that were printed lately."""
        return self.data / "printed"

    @property
    def is_here(self) -> bool:
        """Whether this server calls itself by this machine's own address, as where somebody works on it."""
        return _is_here(self.base_url)

    @property
    def strong_roles(self) -> frozenset[str]:
        """The roles that codes by e-mail do not let in."""
        return frozenset(filter(None, (role.strip() for role in self.strong_sign_in.split(","))))

    @property
    def basemap_file(self) -> Path | None:
        """The PMTiles file of the base map; None where there is none, or somebody's tile server is asked."""
        return Path(self.basemap) if self.basemap and "://" not in self.basemap else None

    @property
    def secret_file(self) -> Path:
        """Where the key that was made is kept, where TRYG_SECRET is empty."""
        return self.data / "secret"

    def signing_key(self) -> bytes:
        """TRYG_SECRET, or a key made once and kept in the data folder, readable by the owner alone."""
        if self.secret.get_secret_value():
            return self.secret.get_secret_value().encode()
        path = self.secret_file
        if not path.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=True)
            path.write_text(secrets.token_urlsafe(48))
        return path.read_text().strip().encode()


def load(**given: Any) -> Settings:
    """Settings from the environment, overridden by `given` where not None. Raises WrongSetting."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as wrong:
        first = wrong.errors()[0]
        name = f"TRYG_{str(first['loc'][0]).upper()}" if first["loc"] else "TRYG_*"
        raise WrongSetting(f"{name} {first['msg'].removeprefix('Value error, ')}.") from None
