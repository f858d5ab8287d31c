"""Who reads reports in these tests, and what they read."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from app.access import people
from tests.cast import Stage

HOME = "Aalborg Kommune"
Headers = dict[str, str]


class Desk:
    """A person's script: reads the report of the stage's walk in every form."""

    def __init__(self, stage: Stage, headers: Headers) -> None:
        self.stage, self.headers = stage, headers

    def get(self, ending: str = "", **more: Any) -> Any:
        """The answer to report`ending`: "", ".csv", ".geojson?valence=safe"."""
        headers = self.headers | more.pop("headers", {})
        return self.stage.http.get(f"/walks/{self.stage.walk.id}/report{ending}", headers=headers, **more)

    def features(self, query: str = "") -> list[dict[str, Any]]:
        answer = self.get(f".geojson{query}")
        assert answer.status_code == 200, answer.text
        return list(json.loads(answer.content)["features"])

    def notes(self, query: str = "") -> set[str]:
        """The texts of the notes, as the GeoJSON has them."""
        return {feature["properties"]["note"] for feature in self.features(query)}


@pytest.fixture
def desk_of(stage: Stage) -> Callable[..., Desk]:
    """The desk of somebody with this role: `desk_of("organiser", cleared=True)`."""
    numbers = itertools.count()

    def do(role: str, organisation: str = HOME, *, cleared: bool = False) -> Desk:
        with stage.db.write() as tx:
            person = people.add(tx, f"{role}-{next(numbers)}@example.dk", role, organisation, cleared=cleared)
            key = people.new_key(tx, person)
        return Desk(stage, {"Authorization": f"Bearer {key}"})

    return do


@pytest.fixture
def desk(desk_of: Callable[..., Desk]) -> Desk:
    """A coordinator's."""
    return desk_of("coordinator")
