"""A walk is planned on one page: nothing typed is lost, nobody is overwritten, and the phones hear of every change."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from app.models import Measure, Observation, Stop, User, Walk
from tests.access.conftest import Browser, add, hurry, signed_in, visitor
from tests.cast import Stage

__all__ = ["add", "hurry", "signed_in", "visitor"]
pytestmark = pytest.mark.usefixtures("every_database")

SignedIn = Callable[..., Browser]
GPX = """<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1">
<wpt lat="57.04" lon="9.98"><name>Kilden</name><desc>Er her lys?</desc></wpt>
<trk><trkseg><trkpt lat="57.04" lon="9.98"/><trkpt lat="57.05" lon="9.99"/></trkseg></trk></gpx>"""


@pytest.fixture
def desk(signed_in: SignedIn) -> Browser:
    return signed_in("coordinator", "Aalborg Kommune")


def form(stage: Stage, browser: Browser, walk_id: str = "") -> dict[str, Any]:
    """The plan's fields as the page shows them."""
    page = browser.get(f"/walks/{walk_id or stage.walk.id}/plan").text
    form = page[page.index('<form class="stack loose" id="plan"') : page.index("<aside")]
    form = re.sub(r"<template.*?</template>", "", form, flags=re.DOTALL)
    found: dict[str, Any] = {"stop_id": [], "stop_name": [], "stop_prompt": [], "stop_place": [], "invited": []}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = (re.search(rf' {part}="([^"]*)"', tag) for part in ("name", "value"))
        if 'type="checkbox"' in tag and "checked" not in tag:
            continue
        if name and value and name[1] != "route":
            if name[1] in found:
                found[name[1]].append(value[1])
            else:
                found[name[1]] = value[1]
    chosen = re.findall(r'<select id="(\w+)".*?</select>', form, re.DOTALL)
    for name in chosen:
        select = form[form.index(f'<select id="{name}"') :]
        value = re.search(r'value="(\w*)" selected', select[: select.index("</select>")])
        found[name] = value[1] if value else ""
    for name, value in re.findall(r'<textarea id="\w+" name="(\w+)"[^>]*>([^<]*)</textarea>', form):
        found[name] = value
    return found


def save(browser: Browser, walk_id: str, fields: dict[str, Any], **more: Any) -> Any:
    return browser.post(f"/walks/{walk_id}/plan", data=fields, **more)


def test_a_walk_is_made_planned_and_opened_and_closed(stage: Stage, desk: Browser) -> None:
    made = desk.post("/walks/new", data={"title": "Aftenvandring i Vejgaard"})
    walk_id = made.headers["location"].split("/")[2]
    fields = form(stage, desk, walk_id) | {
        "day": "2026-11-26", "begins": "19:00", "ends": "20:30", "meeting_point": "Kilden", "purpose": "Lys & stier",
        "stop_id": ["", ""], "stop_name": ["Kilden", "Tunnelen"], "stop_prompt": ["", "Føles den tryg?"],
        "stop_place": ["57.0488, 9.9217", ""],
    }  # fmt: skip
    assert save(desk, walk_id, fields).status_code == 303
    with stage.db.read() as tx:
        walk = tx.get_one(Walk, walk_id)
        stops = tx.exec(select(Stop).where(Stop.walk_id == walk_id).order_by(Stop.number)).all()
    assert walk.starts_at
    assert walk.ends_at
    assert (walk.state, walk.purpose, walk.light) == ("planned", "Lys & stier", "dark")
    assert (walk.starts_at.isoformat(), walk.ends_at.isoformat()) == (
        "2026-11-26T18:00:00+00:00", "2026-11-26T19:30:00+00:00")  # fmt: skip
    assert [(stop.number, stop.name, stop.prompt, stop.lat) for stop in stops] == [
        (1, "Kilden", "", 57.0488), (2, "Tunnelen", "Føles den tryg?", None)]  # fmt: skip
    phone = stage.phone(walk)
    assert [stop["name"] for stop in phone.walk["stops"]] == ["Kilden", "Tunnelen"]
    for deed, state in (("opening", "open"), ("opening", "open"), ("closure", "closed"), ("opening", "open")):
        assert desk.post(f"/walks/{walk_id}/{deed}", data={}).status_code == 303
        assert phone.get(f"/walks/{walk_id}").json()["state"] == state


def test_a_change_of_the_plan_reaches_the_phones_once(stage: Stage, desk: Browser) -> None:
    phone = stage.phone()
    fields = form(stage, desk) | {"meeting_point": "Ved kirken"}
    assert save(desk, stage.walk.id, fields).status_code == 303
    [change] = phone.changes()
    assert change["walk"]["meeting_point"] == "Ved kirken"
    assert save(desk, stage.walk.id, form(stage, desk)).status_code == 303  # nothing is different
    assert phone.changes(after=change["seq"]) == []


def test_two_who_write_at_once_overwrite_nothing(stage: Stage, desk: Browser, signed_in: SignedIn) -> None:
    other = signed_in("organiser", "Aalborg Kommune", email="samraad@example.org")
    mine, theirs = form(stage, desk), form(stage, other)
    assert save(other, stage.walk.id, theirs | {"purpose": "Deres grund"}).status_code == 303
    refused = save(desk, stage.walk.id, mine | {"purpose": "Min grund", "title": "Mit navn"})
    assert refused.status_code == 409
    assert "Min grund" in refused.text
    assert "Deres grund" in refused.text
    by_script = save(desk, stage.walk.id, mine, headers={"Accept": "application/json"})
    assert (by_script.status_code, by_script.json()["changed"]) == (409, True)
    with stage.db.read() as tx:
        assert tx.get_one(Walk, stage.walk.id).purpose == "Deres grund"
    rev = re.search(r'name="rev" value="(\d+)"', refused.text)
    assert rev
    assert save(desk, stage.walk.id, mine | {"purpose": "Min grund", "rev": rev[1]}).status_code == 303


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"day": "26/11"}, "day"),
        ({"begins": "18:00", "day": ""}, "day"),
        ({"day": "2026-11-26", "begins": "19:00", "ends": "18:00"}, "ends"),
        ({"day": "2026-11-26", "ends": "18:00", "begins": ""}, "begins"),
        ({"day": "2026-11-26", "begins": ""}, "begins"),
        ({"day": "0001-01-01", "begins": "00:00"}, "day"),
        ({"stop_place": ["57.1, 9.9", "her"]}, "stops.2.place"),
        ({"stop_place": ["91, 9.9", ""]}, "stops.1.place"),
        ({"stop_place": ["57.1, 9.9", "-33.9, 18.4"]}, "stops"),
        ({"stop_name": ["", "Tunnelen"]}, "stops.1.name"),
        ({"stop_id": [""] * 201, "stop_name": ["x"] * 201, "stop_prompt": [""] * 201, "stop_place": [""] * 201}, "stops"),
        ({"stop_id": [""] * 900, "stop_name": ["x"] * 900, "stop_prompt": [""] * 900, "stop_place": [""] * 900}, "stops"),
        ({"route_line": "[[9.9,57.1],[-9.9,-57.1]]"}, "stops"),
        ({"route_line": "[[9.9,57.1]]"}, "route"),
        ({"route_line": "[[9.9,NaN],[1,2]]"}, "route"),
        ({"route_line": "[[9.9,\"x\"],[1,2]]"}, "route"),
        ({"route_line": '{"type":"LineString"}'}, "route"),
        ({"route_line": "[" * 100_000}, "route"),
        ({"places": "Kilden\n" * 199}, "places"),
        ({"places": "Kilden; ved åen"}, "stops.3.place"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_comes_back_with_a_sentence_beside_its_field(
    stage: Stage, desk: Browser, typed: dict[str, Any], field: str
) -> None:
    fields = form(stage, desk) | {"purpose": "Skal ikke gå tabt"} | typed
    refused = save(desk, stage.walk.id, fields)
    assert refused.status_code == 422
    assert "Skal ikke gå tabt" in refused.text
    assert re.search(rf'data-error="{re.escape(field)}" role="alert">[^<]', refused.text)
    told = save(desk, stage.walk.id, fields, headers={"Accept": "application/json"})
    assert (told.status_code, list(told.json()["errors"])) == (422, [field])
    with stage.db.read() as tx:
        assert tx.get_one(Walk, stage.walk.id).purpose == ""


def test_a_walk_that_begins_in_the_evening_may_end_after_midnight(stage: Stage, desk: Browser) -> None:
    fields = form(stage, desk) | {"day": "2026-11-26", "begins": "22:30", "ends": "00:30"}
    assert save(desk, stage.walk.id, fields).status_code == 303
    with stage.db.read() as tx:
        walk = tx.get_one(Walk, stage.walk.id)
    assert walk.starts_at
    assert walk.ends_at
    assert (walk.ends_at - walk.starts_at).total_seconds() == 7200


def test_the_light_follows_the_sun_when_the_walk_is_moved_unless_somebody_has_chosen_it(
    stage: Stage, desk: Browser
) -> None:
    def light_of(**fields: str) -> str | None:
        assert save(desk, stage.walk.id, form(stage, desk) | fields).status_code == 303
        with stage.db.read() as tx:
            return tx.get_one(Walk, stage.walk.id).light

    assert light_of(day="2026-11-26", begins="19:00") == "dark"
    assert light_of(begins="12:00") == "daylight"
    assert light_of(begins="16:00") == "dusk"
    assert light_of(light="dark") == "dark"
    assert light_of(begins="12:00") == "dark"
    assert light_of(light="") == "daylight"


def test_the_plan_of_an_emptied_walk_stays_as_it_is(stage: Stage, desk: Browser) -> None:
    fields = form(stage, desk)
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).state = "archived"
    assert save(desk, stage.walk.id, fields | {"title": "Et andet navn"}).status_code == 410


def test_stops_are_moved_added_and_taken_away_by_buttons(stage: Stage, desk: Browser) -> None:
    def names() -> list[str]:
        return list(form(stage, desk)["stop_name"])

    ids = form(stage, desk)["stop_id"]
    assert save(desk, stage.walk.id, form(stage, desk) | {"do": "down:1"}).headers["location"].endswith("#stop-2")
    assert names() == ["Tunnelen", "Kilden"]
    assert form(stage, desk)["stop_id"] == ids[::-1]  # the same stops: notes that name them stay where they are
    save(desk, stage.walk.id, form(stage, desk) | {"do": "add"})
    assert names() == ["Tunnelen", "Kilden", "Stop 3"]
    save(desk, stage.walk.id, form(stage, desk) | {"do": "remove:3"})
    for nonsense in ("up:1", "down:9", "remove:x", "fly:2", "remove:-1"):
        assert save(desk, stage.walk.id, form(stage, desk) | {"do": nonsense}).status_code == 303
    assert names() == ["Tunnelen", "Kilden"]


def test_a_stop_that_notes_name_is_not_taken_away(stage: Stage, desk: Browser) -> None:
    phone = stage.phone()
    phone.put(phone.note(stop_id=stage.stops[1].id))
    refused = save(desk, stage.walk.id, form(stage, desk) | {"do": "remove:2"})
    assert refused.status_code == 422
    assert "Tunnelen bliver" in refused.text
    assert form(stage, desk)["stop_name"] == ["Kilden", "Tunnelen"]


@pytest.mark.usefixtures("every_database")
@pytest.mark.parametrize("belongs", ["a note, as a reviewer put it", "a measure"])
def test_a_stop_that_something_was_put_at_is_not_taken_away(stage: Stage, desk: Browser, belongs: str) -> None:
    phone, stop_id = stage.phone(), stage.stops[1].id
    note_id = phone.note(stop_id=stage.stops[0].id)
    phone.put(note_id)
    with stage.db.write() as tx:
        note = tx.get_one(Observation, note_id)
        if belongs == "a measure":
            by = tx.exec(select(User.id)).first() or ""
            tx.add(
                Measure(
                    walk_id=stage.walk.id, number=1, place="Tunnelen", stop_id=stop_id, problem="Mørkt", created_by=by
                )
            )
        else:
            note.shown = {"rev": note.rev, "stop_id": stop_id}
    refused = save(desk, stage.walk.id, form(stage, desk) | {"do": "remove:2"})
    assert refused.status_code == 422
    assert "Tunnelen bliver" in refused.text
    assert form(stage, desk)["stop_name"] == ["Kilden", "Tunnelen"]


def test_a_route_comes_from_a_gpx_file_and_goes_again(stage: Stage, desk: Browser) -> None:
    walk_id = desk.post("/walks/new", data={"title": "Ny"}).headers["location"].split("/")[2]
    fields = {name: value for name, value in form(stage, desk, walk_id).items() if value}
    assert save(desk, walk_id, fields, files={"route": ("tur.gpx", GPX.encode())}).status_code == 303
    with stage.db.read() as tx:
        walk = tx.get_one(Walk, walk_id)
    assert walk.route == {"type": "LineString", "coordinates": [[9.98, 57.04], [9.99, 57.05]]}
    assert form(stage, desk, walk_id)["stop_name"] == ["Kilden"]
    save(desk, walk_id, form(stage, desk, walk_id) | {"do": "no-route"})
    with stage.db.read() as tx:
        assert tx.get_one(Walk, walk_id).route is None


@pytest.mark.parametrize(
    "content",
    [
        b"<gpx",
        b"hej",
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><gpx><wpt lat="1" lon="1"><name>&b;</name></wpt></gpx>',
        b'<gpx><trkpt lat="x" lon="1"/><trkpt lat="1" lon="1"/></gpx>',
        GPX.replace('lon="9.99"', 'lon="-9.99"').encode(),
    ],
)
def test_a_file_that_is_no_route_gets_a_sentence_and_changes_nothing(
    stage: Stage, desk: Browser, content: bytes
) -> None:
    fields = form(stage, desk) | {"purpose": "Står her endnu"}
    refused = save(desk, stage.walk.id, fields, files={"route": ("tur.gpx", content)})
    assert refused.status_code == 422
    assert "Står her endnu" in refused.text
    with stage.db.read() as tx:
        assert tx.get_one(Walk, stage.walk.id).route is None


def test_a_file_of_fifty_megabytes_is_not_waited_for(stage: Stage, desk: Browser) -> None:
    sent = desk.post(f"/walks/{stage.walk.id}/plan", content=b"x", headers={"Content-Length": str(50 * 1024 * 1024)})
    assert sent.status_code == 413


def test_an_invitation_has_the_link_the_code_the_date_and_a_picture_to_point_at(stage: Stage, desk: Browser) -> None:
    fields = form(stage, desk) | {"day": "2026-11-26", "begins": "19:00", "meeting_point": "Kilden, hovedindgangen"}
    save(desk, stage.walk.id, fields)
    page = desk.get(f"/walks/{stage.walk.id}/plan").text
    assert f"http://testserver/app/?walk={stage.walk.code}" in page
    assert f"{stage.walk.code[:4]}-{stage.walk.code[4:]}" in page
    assert desk.get(f"/walks/{stage.walk.id}/qr.svg").text.startswith("<svg")
    entry = desk.get(f"/walks/{stage.walk.id}/invitation.ics").text.replace("\r\n ", "")
    assert "DTSTART:20261126T180000Z" in entry
    assert "LOCATION:Kilden\\, hovedindgangen" in entry
    assert desk.get(f"/walks/{stage.another_walk().id}/invitation.ics").status_code == 404


def test_only_those_who_plan_reach_a_plan(stage: Stage, visitor: Browser, signed_in: SignedIn, desk: Browser) -> None:
    path = f"/walks/{stage.walk.id}/plan"
    assert visitor.get(path).status_code == 303
    assert visitor.post(path, data={}).status_code == 401
    for role, organisation, status in (
        ("partner", "Aalborg Kommune", 403), ("coordinator", "Randers Kommune", 404), ("organiser", "Aalborg Kommune", 200),
        ("admin", "", 200),
    ):  # fmt: skip
        browser = signed_in(role, organisation, email=f"{role}@{len(organisation)}.example")
        assert browser.get(path).status_code == status, role
        assert browser.get("/walks/new").status_code == (403 if role == "partner" else 200)
    assert desk.post(path, data={}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert stage.http.post(path, headers=stage.phone().key, data={}).status_code == 401


def test_a_new_walk_belongs_to_an_organisation_of_its_maker(stage: Stage, signed_in: SignedIn) -> None:
    other = signed_in("organiser", "Randers Kommune", email="r@example.org")
    made = other.post("/walks/new", data={"title": "Randers", "organisation": stage.walk.organisation_id})
    with stage.db.read() as tx:
        walk = tx.get_one(Walk, made.headers["location"].split("/")[2])
    assert walk.organisation_id != stage.walk.organisation_id
    assert other.post("/walks/new", data={"title": " "}).status_code == 422


def test_the_way_is_recorded_only_where_somebody_lets_the_teams(stage: Stage, desk: Browser) -> None:
    def press(tracks: str) -> str:
        reply = desk.post(f"/walks/{stage.walk.id}/tracks", data={"tracks": tracks})
        assert (reply.status_code, reply.headers["location"]) == (303, f"/walks/{stage.walk.id}/plan#tracks")
        return desk.get(f"/walks/{stage.walk.id}/plan").text

    before = desk.get(f"/walks/{stage.walk.id}/plan").text
    assert "Bliver ikke optaget" in before
    assert "uden navne og klokkeslæt" in before
    assert "Holdene må optage den" in press("yes")
    with stage.db.read() as tx:
        walk = tx.get_one(Walk, stage.walk.id)
        assert (walk.tracks, walk.seq) == (True, walk.changed_seq)
    assert "Bliver ikke optaget" in press("no")
