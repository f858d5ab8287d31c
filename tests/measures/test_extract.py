"""A partner's extract as a PDF: what is routed to them, and nothing else; for them, and for those who plan the walk."""

from collections.abc import Callable

import pytest

from app.models import Partner, Photo, Walk
from tests.measures.conftest import Plan
from tests.measures.pages import Paper
from tests.phone import FIX, Picture
from tests.photos.pictures import until
from tests.report.printed import Paper as Printed


@pytest.fixture
def vej(plan: Plan) -> Partner:
    return plan.partner("Vej og Park")


@pytest.fixture
def answering(plan: Plan, vej: Partner) -> Paper:
    """The browser of somebody who came by the partner's link."""
    return plan.browser().open(plan.link(vej))


def measure_page(plan: Plan) -> str:
    return f"/partner/measures/{plan.told()[0].id}"


def test_the_extract_is_a_pdf_of_what_is_routed_to_them_and_of_nothing_else(
    plan: Plan, vej: Partner, desk: Paper, answering: Paper, picture: Callable[[], Picture]
) -> None:
    seen, unseen = picture(), picture()
    politi = plan.partner("Nordjyllands Politi", "politi")
    dark = plan.note(seen, unseen, note="Lampen ved tunnelen er slukket.", factors=["lighting.outage"], fix=FIX)
    until(lambda: all(plan.stage.vault.size(one.id) for one in (seen, unseen)))
    with plan.stage.db.write() as tx:
        tx.get_one(Photo, seen.id).review = "approved"
    told = plan.make(desk, dark, partner=vej.id, place="Tunnelen")
    theirs = plan.make(desk, plan.note(note="Der køres stærkt på torvet."), partner=politi.id, place="Torvet")
    plan.make(
        desk,
        plan.note(note="Bænken bag garagerne.", factors=["behaviour.substances"]),
        partner=vej.id,
        place="Garagerne",
    )
    walk_id = plan.stage.walk.id
    page = answering.open("/partner")
    address = f"/partner/extracts/{walk_id}/{vej.id}.pdf"
    assert f'href="{address}"' in page.page
    answer = answering.http.get(address, headers={"Accept": "*/*"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    paper = Printed(answer.content)
    for said in (
        "Extract for Vej og Park",
        "This is an extract",
        "Lampen ved tunnelen er slukket.",
        told.place,
        f"{FIX['lat']:.4f}",
    ):
        assert said in paper.words, said
    for never in ("Der køres stærkt", theirs.place, "Bænken bag garagerne.", "Internal", plan.phone.id, dark):
        assert never not in paper.words, never
    assert len(paper.photos) == 1, "the one that somebody has looked at"
    assert (paper.told["Tagged"], "<pdfuaid:part>1</pdfuaid:part>" in paper.meta) == ("yes", True)
    inside = desk.http.get(f"/walks/{walk_id}/report/partners/{vej.id}.pdf", headers={"Accept": "*/*"})
    assert inside.content == answer.content, "one file for all who ask"
    for wrong in (
        f"/partner/extracts/{walk_id}/{politi.id}.pdf",
        f"/partner/extracts/{vej.id}/{vej.id}.pdf",
        "/partner/extracts/x/y.pdf",
    ):
        assert answering.http.get(wrong, headers={"Accept": "*/*"}).status_code == 404, wrong
    assert plan.browser().open(address).address == "/sign-in"


def test_an_extract_tells_an_answer_that_came_since(plan: Plan, vej: Partner, desk: Paper, answering: Paper) -> None:
    plan.make(desk, partner=vej.id, place="Tunnelen")
    address = f"/partner/extracts/{plan.stage.walk.id}/{vej.id}.pdf"
    first = answering.http.get(address, headers={"Accept": "*/*"})
    held = answering.http.get(address, headers={"Accept": "*/*", "If-None-Match": first.headers["etag"]})
    assert held.status_code == 304
    answering.open(measure_page(plan)).press(measure_page(plan), status="accepted", answer="Vi skifter den i uge 50.")
    again = answering.http.get(address, headers={"Accept": "*/*", "If-None-Match": first.headers["etag"]})
    assert "Vi skifter den i uge 50." in Printed(again.content).words
    with plan.stage.db.write() as tx:
        tx.get_one(Walk, plan.stage.walk.id).state = "archived"
    assert answering.http.get(address, headers={"Accept": "*/*"}).status_code == 404
