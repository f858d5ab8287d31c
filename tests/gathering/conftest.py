"""Who types in and who stands before the wall: browsers of signed-in people, without scripts, and what the report then has."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from app.access import people, signin
from app.report import report
from tests.cast import Stage

OURS = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html", "Accept-Language": "da"}


class Hand:
    """Somebody's browser on the pages after the walk, pressing buttons of real forms."""

    def __init__(self, stage: Stage, email: str, role: str, organisation: str = "Aalborg Kommune", **more: Any) -> None:
        self.stage = stage
        self.http = stage.browser(headers=OURS, follow_redirects=True)
        with stage.db.write() as tx:
            link = signin.new_link(tx, people.add(tx, email, role, organisation, **more), "http://testserver")
        self.http.post(
            "/sign-in/link", data={"key": link.partition("key=")[2].partition("&")[0]}, follow_redirects=False
        )
        self.page = ""

    def open(self, path: str = "paper") -> Any:
        answer = self.http.get(f"/walks/{self.stage.walk.id}/{path}")
        self.page = answer.text
        return answer

    def hidden(self) -> dict[str, str]:
        """What the open page's form carries along: id, sheet, rev."""
        form = self.page[self.page.index('id="slip"') :]
        return {name: re.search(f'name="{name}" value="([^"]*)"', form)[1] for name in ("id", "sheet", "rev")}  # type: ignore[index]

    def save(self, **typed: Any) -> Any:
        """Fill the open form in and press Save; the answer, whose page is then open."""
        return self.post("paper", self.hidden() | {"role": "resident", "do": "save"} | typed)

    def post(self, path: str, form: dict[str, Any]) -> Any:
        answer = self.http.post(f"/walks/{self.stage.walk.id}/{path}", data=form)
        self.page = answer.text
        return answer

    @property
    def words(self) -> str:
        """What the open page says, without its tags."""
        return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", self.page)))


@pytest.fixture
def hand(stage: Stage) -> Hand:
    """A coordinator's."""
    return Hand(stage, "ida@kommune.example", "coordinator")


@pytest.fixture
def volunteer(stage: Stage) -> Hand:
    """An organiser's who is not cleared for sensitive notes."""
    return Hand(stage, "frivillig@samraad.example", "organiser")


@pytest.fixture
def reported(stage: Stage) -> Callable[[], report.Report]:
    """The whole report of the stage's walk, as it is now."""

    def build() -> report.Report:
        with stage.db.read() as tx:
            return report.build(tx, stage.walk.id, sensitive=True, base_url="")

    return build
