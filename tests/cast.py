"""The people of the tests: walkers, an organiser, a coordinator, a partner, and an outsider who must never get in.

`stage` is one application in this process, on a real database and a real folder; `stage.walk` has two stops.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app import models
from app.cli import migrate_to_newest
from app.main import create_app
from app.models import Organisation, Stop, Walk
from app.settings import Settings
from app.walks import walks
from tests.phone import Phone


@dataclass
class Stage:
    """The application, its database, and who may walk on."""

    app: Any
    http: TestClient
    walk: Walk
    stops: list[Stop]

    @property
    def db(self) -> Any:
        return self.app.state.db

    @property
    def vault(self) -> Any:
        return self.app.state.vault

    def phone(self, walk: Walk | None = None, **profile: Any) -> Phone:
        """A phone that has joined."""
        return Phone(self.http, (walk or self.walk).code, **profile).join()

    def browser(self, **given: Any) -> TestClient:
        """A client of its own, with its own cookies, on the same server; by itself it would start one for each request."""
        client = TestClient(self.app, **({"raise_server_exceptions": False} | given))
        client.portal = self.http.portal
        return client

    def another_walk(self, **given: Any) -> Walk:
        with self.db.write() as tx:
            return walks.create(tx, given.pop("title", "En anden vandring"), **given)

    def close_walk(self) -> None:
        with self.db.write() as tx:
            walks.close(tx, tx.get_one(Walk, self.walk.id))


def make_settings(folder: Path, database_url: str = "", **more: Any) -> Settings:
    given = {"data": folder, "database_url": database_url, "base_url": "http://testserver", **more}
    return Settings(**given)


@pytest.fixture
def stage_settings() -> dict[str, Any]:
    """Settings that a test module may override."""
    return {}


@pytest.fixture
def stage(
    tmp_path: Path, database_url: str, stage_settings: dict[str, Any], photo_settings: dict[str, Any]
) -> Iterator[Stage]:
    settings = make_settings(tmp_path / "var", database_url, **(photo_settings | stage_settings))
    settings.data.mkdir(exist_ok=True)
    migrate_to_newest(settings)
    app = create_app(settings)
    with TestClient(app, raise_server_exceptions=False) as http:
        with app.state.db.write() as tx:
            organisation = Organisation(name="Aalborg Kommune")
            tx.add(organisation)
            tx.flush()
            walk = walks.create(tx, "Aftenvandring i Aalborg Øst", organisation_id=organisation.id)
            stops = [Stop(walk_id=walk.id, number=1, name="Kilden", lat=57.04, lon=9.98),
                     Stop(walk_id=walk.id, number=2, name="Tunnelen", prompt="Er der en anden vej?")]  # fmt: skip
            tx.add_all(stops)
        yield Stage(app, http, walk, stops)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> "Clock":
    return Clock(monkeypatch)


class Clock:
    """The server's clock, to be moved by hand, in every module that has taken `models.now` over."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment = models.now()
        real = models.now
        for name, module in list(sys.modules.items()):
            if name.startswith("app.") and getattr(module, "now", None) is real:
                monkeypatch.setattr(module, "now", lambda: self.moment)

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)
