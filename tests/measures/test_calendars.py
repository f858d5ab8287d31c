"""Calendars of deadlines: by an address that can be made anew and withdrawn, and that opens nothing else."""

import re

import pytest

from app.access.guards import TRIES
from app.measures import partners
from app.models import Partner, Walk
from tests.measures.conftest import Plan
from tests.measures.pages import Paper

pytestmark = pytest.mark.usefixtures("every_database")


def address(page: Paper) -> str:
    """The path of the calendar that the open page gives out."""
    found = re.search(r'value="http://testserver(/deadlines/[\w/-]+/[0-9a-f]{64}\.ics)"', page.page)
    assert found, page.words
    return found[1]


def lines(plan: Plan, path: str) -> str:
    reply = plan.browser().open(path)
    assert reply.status == 200, reply.words
    return reply.page.replace("\r\n ", "")


def refused(plan: Plan, path: str) -> str:
    """What a calendar is told whose address opens nothing."""
    reply = plan.browser().http.get(path, headers={"Accept": "text/calendar"})
    assert reply.status_code == 404
    return reply.text.replace(path, "")


def test_a_walks_calendar_has_its_open_deadlines_and_follows_them(plan: Plan, desk: Paper) -> None:
    plan.make(desk, place="Tunnelen", measure="Skift lampen", deadline="2027-03-01")
    plan.make(desk, place="Torvet", deadline="2027-04-01")
    at = f"{plan.at}/calendar"
    assert "/deadlines/" not in desk.open(at).page, "no address is there before somebody wants one"
    path = address(desk.press(at))
    assert "DTSTART;VALUE=DATE:20270301" in lines(plan, path)
    assert "SUMMARY:1. Tunnelen: Skift lampen" in lines(plan, path)
    assert "Torvet" in lines(plan, path)
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1", status="done")
    assert "Tunnelen" not in lines(plan, path)


def test_a_walks_calendar_tells_nothing_that_a_note_no_longer_says(plan: Plan, desk: Paper) -> None:
    note = plan.note(note="Mørkt.", suggestion="Bed ham i det røde hus om at flytte bilen.")
    plan.make(desk, note, place="Tunnelen", deadline="2027-03-01")
    path = address(desk.open(f"{plan.at}/calendar").press(f"{plan.at}/calendar"))
    assert "røde hus" in lines(plan, path)
    plan.phone.edit(note, deleted=True)
    plan.phone.sync()
    assert "SUMMARY:1. Tunnelen" in lines(plan, path)
    assert "røde hus" not in lines(plan, path)


def test_a_new_address_makes_the_old_one_as_if_it_never_was(plan: Plan, desk: Paper) -> None:
    plan.make(desk, place="Tunnelen", deadline="2027-03-01")
    at = f"{plan.at}/calendar"
    old = address(desk.open(at).press(at))
    new = address(desk.press(at))
    assert "The address is ready." in desk.words
    assert new != old
    assert "Tunnelen" in lines(plan, new)
    never = refused(plan, old[:-8] + "0000.ics")
    assert refused(plan, old) == never
    desk.press(f"{at}/removal")
    assert "The address is withdrawn." in desk.words
    assert "/deadlines/" not in desk.page
    assert refused(plan, new) == never
    desk.press(at)
    assert address(desk) not in (old, new), "an address that was withdrawn never comes back"


def test_a_partner_makes_and_withdraws_theirs_on_their_own_page_by_a_link(plan: Plan, desk: Paper) -> None:
    vej = plan.partner("Vej og Park")
    plan.make(desk, partner=vej.id, place="Tunnelen", deadline="2027-03-01")
    plan.make(desk, place="Torvet", deadline="2027-04-01")
    link = plan.link(vej)
    theirs = plan.browser().open(link)
    assert 'href="/partner/calendar"' in theirs.page
    path = address(theirs.open("/partner/calendar").press("/partner/calendar"))
    assert "Tunnelen" in lines(plan, path)
    assert "Torvet" not in lines(plan, path)
    secret = path.rpartition("/")[2].removesuffix(".ics")
    assert plan.browser().open(f"/p/{secret}").status == 404, "whoever has the calendar answers nothing by it"
    assert plan.browser().open(f"{link}/deadlines.ics").status == 404, "and the link is no calendar"
    with plan.stage.db.write() as tx:
        [held] = partners.links_of(tx, [vej.id])
        partners.withdraw(tx, vej, held.id)
    assert "Tunnelen" in lines(plan, path), "a link that ends does not end the calendar"
    again = plan.browser().open(plan.link(vej)).open("/partner/calendar")
    again.press("/partner/calendar/removal")
    assert "The address is withdrawn." in again.words
    refused(plan, path)


def test_a_partner_with_an_account_has_theirs_and_nobody_elses(plan: Plan, desk: Paper) -> None:
    vej, park = plan.partner("Vej"), plan.partner("Park", "park")
    mine = plan.signed_in("partner", partner=vej.id).open("/partner/calendar")
    assert "Address for" not in mine.words
    path = address(mine.press("/partner/calendar"))
    assert path.startswith(f"/deadlines/partners/{vej.id}/")
    assert mine.post("/partner/calendar", {"partner": park.id}).status == 422
    assert mine.post(f"/partners/{park.id}/calendar", {}).status == 403
    with plan.stage.db.read() as tx:
        assert tx.get_one(Partner, park.id).calendar is None


def test_whoever_names_partners_renews_and_withdraws_their_calendars(plan: Plan, desk: Paper) -> None:
    vej = plan.partner("Vej og Park")
    at = f"/partners/{vej.id}/calendar"
    old = address(desk.open("/partners").press(at))
    new = address(desk.press(at))
    assert "The address is ready." in desk.words
    refused(plan, old)
    assert "BEGIN:VCALENDAR" in lines(plan, new)
    desk.press(f"/partners/{vej.id}/ending")
    refused(plan, new)
    desk.open("/partners").press(f"/partners/{vej.id}/ending", back="yes")
    assert "BEGIN:VCALENDAR" in lines(plan, new), "ending can be undone"
    desk.press(f"{at}/removal")
    refused(plan, new)
    outsider = plan.signed_in("coordinator", "En anden kommune")
    assert outsider.post(at, {}).status == 404


def test_the_table_alone_gives_no_address_away(plan: Plan, desk: Paper) -> None:
    path = address(desk.open(f"{plan.at}/calendar").press(f"{plan.at}/calendar"))
    with plan.stage.db.read() as tx:
        mark = tx.get_one(Walk, plan.stage.walk.id).calendar
    assert mark
    assert mark not in path


def test_guessing_an_address_ends_soon(plan: Plan) -> None:
    nobody = plan.browser()
    tried = [nobody.open(f"/deadlines/{plan.stage.walk.id}/{number:064x}.ics").status for number in range(TRIES + 1)]
    assert set(tried[:TRIES]) == {404}
    assert tried[-1] == 429


def test_a_walks_name_begins_no_line_of_its_calendar(plan: Plan, desk: Paper) -> None:
    plan.make(desk)
    with plan.stage.db.write() as tx:
        tx.get_one(Walk, plan.stage.walk.id).title = "Aften\rX-EVIL:1\nX-EVIL:2"
    at = f"{plan.at}/calendar"
    reply = plan.browser().open(address(desk.open(at).press(at)))
    assert reply.status == 200
    assert not [line for line in reply.page.splitlines() if line.startswith("X-EVIL")]
