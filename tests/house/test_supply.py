"""What comes from elsewhere and what leaves: every locked package is listed, no secret lies in the repository, the image holds no more than it must."""

import json
import re
from itertools import pairwise
from pathlib import Path

from tests.house.test_repository import tracked
from tests.security.sbom import NODE_LOCK, PYTHON_LOCKS, written

ROOT = Path(__file__).parents[2]
# What a key of somebody's looks like. Each is put together, so that this file holds none.
PATTERNS = {
    "a private key": r"-----BEGIN (?:[A-Z ]+ )?PRIVATE KEY(?: BLOCK)?-----",
    "a cloud's key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a code host's token": r"\b(?:gh[pousr]_\w{36}|github_pat_\w{50,}|glpat-[\w-]{20})\b",
    "a chat's token": r"\bxox[abprs]-[\w-]{10,}",
    "a map's or search's key": r"\bAIza[\w-]{35}\b",
    "a payment's key": r"\b[sr]k_live_\w{20,}",
    "a registry's token": r"\b(?:npm_\w{36}|pypi-AgE\w{20,})\b",
    "a signed token": r"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{15,}",
    "a reading key of ours": r"\btryg_[\w-]{43}\b",
    "a password in an address": r"\b[a-z][a-z+]*://[^\s/:@\"'{}<>]+:(?!password@|pw@|x@|hemmeligt@|secret@)[^\s/:@\"'{}<>]{6,}@",
    "a secret that is set": r"(?i)\b(?:password|passwd|secret|token|api_?key)\s*[=:]\s*[\"'](?=\w*\d)(?=\w*[A-Za-z])[\w+/-]{32,}={0,2}[\"']",
}
SECRETS = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}
LOCKS = re.compile(r"^requirements.*\.txt$|^package-lock\.json$")


def found_in(text: str) -> list[str]:
    return [name for name, pattern in SECRETS.items() if pattern.search(text)]


def test_no_secret_lies_in_the_repository() -> None:
    assert not {name: found for name, text in tracked().items() if not LOCKS.match(name) and (found := found_in(text))}


def test_the_scan_sees_what_it_looks_for() -> None:
    planted = {
        "a private key": "-----BEGIN EC PRIVATE" + " KEY-----",
        "a cloud's key": "AKIA" + "Z" * 16,
        "a code host's token": "ghp_" + "a1" * 18,
        "a chat's token": "xoxb" + "-123456789012",
        "a map's or search's key": "AIza" + "b" * 35,
        "a payment's key": "sk_live" + "_" + "4" * 24,
        "a registry's token": "npm_" + "c3" * 18,
        "a signed token": "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0NTY3" + "." + "d" * 20,
        "a reading key of ours": "tryg" + "_" + "e" * 43,
        "a password in an address": "postgresql://tryg:" + "hunter2hunter2" + "@db/tryg",
        "a secret that is set": "secret = '" + "f0" * 20 + "'",
    }
    assert set(planted) == set(PATTERNS)
    assert not {name for name, text in planted.items() if name not in found_in(f"x = {text} # y")}


def test_the_list_of_packages_holds_every_locked_one() -> None:
    document = written()
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    listed = {(part["purl"].split("/")[0], part["name"], part["version"]): part for part in document["components"]}
    assert len(listed) == len(document["components"]) == len({part["bom-ref"] for part in document["components"]})
    for lock in PYTHON_LOCKS:
        for line in re.findall(r"^([\w.-]+==[^\s;\\]+)", lock.read_text("utf-8"), re.M):
            name, _equals, version = line.partition("==")
            assert ("pkg:pypi", name, version) in listed, f"{lock.name}: {line}"
    for place, about in json.loads(NODE_LOCK.read_text("utf-8"))["packages"].items():
        if place:
            assert ("pkg:npm", place.rpartition("node_modules/")[2], about["version"]) in listed, place
    scopes = {name: part["scope"] for (_kind, name, _version), part in listed.items()}
    assert {scopes[name] for name in ("fastapi", "pillow", "lit", "maplibre-gl")} == {"required"}
    assert {scopes[name] for name in ("pytest", "schemathesis", "vite")} == {"excluded"}


# The image


def stages() -> list[list[str]]:
    """The Dockerfile's instructions, one line each, by stage."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text("utf-8"))
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    starts = [number for number, line in enumerate(lines) if line.startswith("FROM ")] + [len(lines)]
    return [lines[start:end] for start, end in pairwise(starts)]


def test_what_serves_is_not_root_and_owns_nothing_but_its_data() -> None:
    last = stages()[-1]
    user = [line for line in last if line.startswith("USER ")]
    assert user == ["USER tryg"]
    assert last.index("USER tryg") > max(number for number, line in enumerate(last) if line.startswith(("RUN", "COPY")))
    owned = re.findall(r"install -d -o tryg \S+ \S+ -m 750 (\S+)|--chown=(\S+)|chown \S+ (\S+)", "\n".join(last))
    assert owned == [("/data", "", "")]
    assert not [
        line
        for line in last
        if re.search(r"chmod\s+(?:-R\s+)?(?:[0-7]*[2367]{1}[2367]{1}\b|\S*[ao]\+w)|sudo|setcap", line)
    ]
    assert "VOLUME /data" in last


def test_the_image_says_whether_it_is_well_and_where_it_may_write() -> None:
    last = "\n".join(stages()[-1])
    assert re.search(r"^HEALTHCHECK .*/healthz", last, re.M)
    assert "TRYG_DATA=/data" in last
    assert (
        "TMPDIR=/data" in last
    )  # with a read-only root there is no other place for what is larger than memory should hold


def test_nothing_secret_or_unknown_goes_into_the_image() -> None:
    everything = "\n".join(line for stage in stages() for line in stage)
    assert not re.search(r"(?i)^(?:ARG|ENV)\b.*(?:secret|password|token|key)", everything, re.M)
    assert "ADD " not in everything
    assert not re.search(r"curl|wget|https?://(?!127\.0\.0\.1)", everything)
    assert all(re.fullmatch(r"FROM python:\d\.\d+-slim-\w+(?: AS \w+)?", stage[0]) for stage in stages())
    assert everything.count("pip install") == everything.count("--require-hashes")
    assert "npm ci" in everything
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert next(line for line in ignored if line and not line.startswith("#")) == "*"
    copied = [line for line in stages()[-1] if line.startswith("COPY")]
    assert not [line for line in copied if re.search(r"COPY (?:--from=\w+ )?\.?/? ", line)]
