"""What the access log tells: of everybody who looks, takes out, decides and is let in; before they have it."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.access import people, signin
from app.measures import partners
from app.models import Measure, Partner, User
from app.privacy import looking, trail
from app.problems import TryAgain
from tests.access.conftest import PAGE, Browser
from tests.cast import Clock, Stage
from tests.privacy.conftest import logged, signed_in, told

Key = Callable[..., tuple[str, dict[str, str]]]
NOTE = "Lampen ved tunnelen er slukket, siger Bo."


@pytest.fixture
def note(stage: Stage) -> str:
    """A note on a sensitive subject."""
    phone = stage.phone()
    note_id = phone.note(note=NOTE, factors=["behaviour.groups"])
    assert phone.put(note_id).status_code == 201
    return note_id


@pytest.fixture
def admin(stage: Stage) -> Browser:
    browser = Browser(stage)
    with stage.db.write() as tx:
        person = people.add(tx, "admin@kommune.example", "admin")
        link = signin.new_link(tx, person, "http://testserver")
    browser.open_link(link)
    return browser


def fetched(stage: Stage, headers: dict[str, str], *endings: str) -> list[int]:
    walk = f"/walks/{stage.walk.id}"
    return [stage.http.get(f"{walk}/{ending}", headers=headers).status_code for ending in endings]


def test_every_way_to_a_walks_notes_is_logged_once_in_ten_minutes(stage: Stage, note: str, key_of: Key) -> None:
    who, headers = key_of("coordinator")
    pages = [
        "report",
        "report/comparison",
        "review?lane=sensitive",
        "live",
        "live.geojson",
        "table",
        "paper",
        "report/write",
        "release",
    ]
    files = [
        "report.csv",
        "report.geojson",
        "report.json",
        "report.zip",
        "report.gpkg",
        "report.xlsx",
        "report/internal.json",
    ]
    for _ in range(3):
        assert set(fetched(stage, headers, *pages, *files, "report/places.geojson")) == {200}
    assert stage.http.get("/overview", headers=headers).status_code == 200
    seen = {
        page.replace("live.geojson", "live")
        .replace("?lane=sensitive", "")
        .replace("report/write", "writing")
        .replace("report/", "")
        for page in pages
    }
    assert sorted(told(stage.db, "read")) == sorted((who, "read", f"page:{page}") for page in {*seen, "overview"})
    kinds = [name.replace("report.", "").replace("report/", "") for name in files]
    assert told(stage.db, "exported") == [(who, "exported", f"file:{kind}") for kind in kinds]
    assert told(stage.db, "opened") == [(who, "opened", f"note:{note}")]
    of_walk = [one for one in logged(stage.db, "read", "exported", "opened") if one.about != "page:overview"]
    assert {(one.walk_id, one.organisation_id) for one in of_walk} == {(stage.walk.id, stage.walk.organisation_id)}
    assert logged(stage.db, "exported")[0].detail == {"sensitive": True}


def test_a_file_with_something_new_in_it_is_another_one_and_what_is_held_already_is_none(
    stage: Stage, note: str, key_of: Key
) -> None:
    _who, headers = key_of("coordinator")
    address = f"/walks/{stage.walk.id}/report.csv"
    etag = stage.http.get(address, headers=headers).headers["etag"]
    assert stage.http.get(address, headers=headers | {"If-None-Match": etag}).status_code == 304
    assert stage.http.head(address, headers=headers).status_code == 200
    assert len(told(stage.db, "exported")) == 1
    phone = stage.phone()
    assert phone.put(phone.note(note="En til")).status_code == 201
    stage.http.get(address, headers=headers)
    assert len(told(stage.db, "exported")) == 2


def test_after_ten_minutes_a_look_is_another_one(stage: Stage, key_of: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    _who, headers = key_of("organiser")
    fetched(stage, headers, "report", "report")
    monkeypatch.setattr(looking, "LATELY_S", 0.0)
    fetched(stage, headers, "report")
    assert [one.detail for one in logged(stage.db, "read")] == [{"sensitive": False}] * 2


def test_nobody_takes_out_a_file_or_opens_a_sensitive_note_unlogged_but_pages_are_shown(
    stage: Stage, note: str, key_of: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    _who, headers = key_of("coordinator")
    real = stage.db.write

    def full() -> Any:
        raise TryAgain()

    monkeypatch.setattr(stage.db, "write", full)  # as where the disk is full; tests/reliability fills a real one
    assert fetched(stage, headers, "report", "live", "report.csv", "report.pdf", "review?lane=sensitive") == [
        200,
        200,
        503,
        503,
        503,
    ]
    assert logged(stage.db, "read", "exported", "opened") == []
    monkeypatch.setattr(stage.db, "write", real)
    assert fetched(stage, headers, "report.csv") == [200]
    pages = ["page:report", "page:live", "page:review", "file:csv"]
    assert [one.about for one in logged(stage.db, "read", "exported", "opened")] == pages, "what was owed came along"
    with stage.db.read() as tx:
        assert trail.verify(tx).broken is None


@pytest.mark.embedded
def test_many_who_look_at_once_share_a_commit_and_each_is_logged(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    looks, commits, real = stage.app.state.looks, list[int](), stage.db.write
    monkeypatch.setattr(stage.db, "write", lambda: commits.append(1) or real())
    begun = threading.Barrier(21)

    def look(number: int) -> None:
        begun.wait()
        looks.told(trail.entry(f"person:{number}", "read", about="page:report"), must=True)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(20)]
    with stage.db._turns._turn:  # somebody else writes just now
        for thread in threads:
            thread.start()
        begun.wait()
        while len(looks._owed) < 20:
            threading.Event().wait(0.005)
    for thread in threads:
        thread.join(30)
    assert len(logged(stage.db, "read")) == 20
    assert len(commits) <= 3


def test_sign_ins_roles_and_keys_say_who_did_it(stage: Stage, admin: Browser) -> None:
    [who] = {one.who for one in logged(stage.db, "signed-in")}
    reply = admin.post(
        "/people/invitations", data={"email": "ny@kommune.example", "role": ["organiser"], "organisation": "everywhere"}
    )
    assert reply.status_code == 303, reply.text
    with stage.db.read() as tx:
        new = people.by_email(tx, "ny@kommune.example")
        assert new is not None
        [(membership, _place)] = people.roles_of(tx, new)
    assert admin.post(f"/people/roles/{membership.id}/removal").status_code == 303
    assert admin.post("/people/roles").status_code == 303
    about = f"person:{new.id}"
    assert told(stage.db, "role-given", "role-taken") == [
        (who, "role-given", about), (who, "role-taken", about), (who, "role-given", about)
    ]  # fmt: skip
    assert logged(stage.db, "role-taken")[0].detail == {"role": "organiser"}


def test_a_partners_link_is_logged_when_it_is_made_used_and_withdrawn_and_so_is_what_it_opens(
    stage: Stage, admin: Browser
) -> None:
    with stage.db.write() as tx:
        person = tx.get_one(User, logged(stage.db, "signed-in")[0].who.removeprefix("person:"))
        partner = Partner(organisation_id=stage.walk.organisation_id, owner="vej", name="Vej og Park")
        tx.add(partner)
        tx.flush()
        tx.add(
            Measure(
                walk_id=stage.walk.id, number=1, place="x", problem="y", partner_id=partner.id, created_by=person.id
            )
        )
    assert admin.post(f"/partners/{partner.id}/links", data={"days": "30"}).status_code == 303
    with stage.db.read() as tx:
        [link] = partners.links_of(tx, [partner.id])
    secret = partners.secret_of(link, stage.app.state.settings.signing_key())
    visitor = Browser(stage)
    assert visitor.get(f"/p/{secret}").status_code == 303
    assert [visitor.get(path).status_code for path in ("/partner", "/partner/measures.csv", "/partner")] == [200] * 3
    assert admin.post(f"/partners/{partner.id}/links/{link.id}/removal").status_code == 303
    who, of, about = f"person:{person.id}", f"link:{link.id}", f"partner:{partner.id}"
    assert told(stage.db, "link-made", "link-used", "link-withdrawn", "read", "exported") == [
        (who, "link-made", about), (of, "link-used", about), (of, "read", "page:partner"),
        (of, "exported", "file:measures.csv"), (who, "link-withdrawn", about),
    ]  # fmt: skip
    assert not any(secret in json.dumps(trail.as_told(one)) for one in logged(stage.db))


def test_each_decision_of_the_review_is_logged_and_that_it_was_taken_back(stage: Stage, note: str) -> None:
    browser, who = signed_in(stage, "coordinator")
    form = {"note": note, "version": "0", "rev": "1", "do": "release", "lane": ""}
    address = f"/walks/{stage.walk.id}/review"
    reply = browser.post(f"{address}/decisions", data=form)
    assert reply.status_code == 303, reply.text
    did = reply.headers["location"].partition("did=")[2].partition("&")[0]
    undone = browser.post(f"{address}/undoing", data={"decision": did, "note": note})
    assert undone.status_code == 303
    about = f"note:{note}"
    assert told(stage.db, "released", "undone") == [(who, "released", about), (who, "undone", about)]
    assert logged(stage.db, "undone")[0].detail == {"step": "release"}


def test_the_log_holds_no_word_of_a_note_and_no_address(stage: Stage, note: str, key_of: Key, admin: Browser) -> None:
    _who, headers = key_of("coordinator")
    fetched(stage, headers, "report", "report.csv", "review", "live")
    whole = json.dumps([trail.as_told(one) for one in logged(stage.db)], ensure_ascii=False)
    assert len(logged(stage.db)) > 4
    for word in ("Lampen", "Bo.", "example", "@", stage.walk.code, stage.walk.title, "57.0"):
        assert word not in whole, word


# The page


def test_admins_search_the_log_and_take_out_what_they_found(
    stage: Stage, note: str, key_of: Key, admin: Browser
) -> None:
    _who, headers = key_of("coordinator")
    fetched(stage, headers, "report", "report.csv", "review?lane=sensitive")
    page = admin.get("/log")
    assert page.status_code == 200
    assert "coordinator@kommune.example" in page.text
    assert stage.walk.title in page.text
    table = admin.get("/log.csv", params={"who": "coordinator@kommune.example", "walk": stage.walk.id})
    rows = table.text.removeprefix("\ufeff").splitlines()
    assert [row.split(",")[3] for row in rows] == ["what", "opened", "read", "exported", "read"]
    assert admin.get("/log", params={"who": "nobody@kommune.example"}).text.count("<tr>") == 0
    assert "page:log" in [one.about for one in logged(stage.db, "read")], "whoever looks at the log stands in it"
    assert ("exported", "file:log.csv") in [(one.what, one.about) for one in logged(stage.db)]


def test_the_pages_of_the_log_go_on_by_number(stage: Stage, admin: Browser) -> None:
    with stage.db.write() as tx:
        trail.record_all(tx, [trail.entry("command", "searched", about=f"person:{number}") for number in range(120)])
    shown, address = list[str](), "/log?what=searched"
    while address:
        page = admin.get(address).text
        shown += [
            part.partition("<")[0].split()[-1]
            for part in page.split('href="/log?what=searched&amp;about=person%3A')[1:]
        ]
        address = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert len(shown) == 120
    assert len(admin.get("/log.csv?what=searched").text.splitlines()) == 121
    for wrong in ("/log?below=x", "/log?below=0", "/log?below=99999999999999999999"):
        assert admin.get(wrong).status_code == 422
    for odd in (
        "/log?since=igår",
        "/log?since=9999-12-31&until=9999-12-31",
        "/log?what=x&walk=%00&who=%00&about=%F0%9F%98%80",
    ):
        assert admin.get(odd).status_code == 200


def test_an_organisations_admin_sees_its_own_part_and_coordinators_none(stage: Stage, note: str, key_of: Key) -> None:
    _who, headers = key_of("coordinator")
    fetched(stage, headers, "report")
    with stage.db.write() as tx:
        trail.record(tx, "command", "backed-up")
        other = people.add(tx, "admin@randers.example", "admin", "Randers Kommune")
        own = people.add(tx, "admin@aalborg.example", "admin", "Aalborg Kommune")
        links = [signin.new_link(tx, one, "http://testserver") for one in (other, own)]
    there, here = Browser(stage), Browser(stage)
    there.open_link(links[0])
    here.open_link(links[1])
    assert "coordinator@kommune.example" in here.get("/log").text
    assert "coordinator@kommune.example" not in there.get("/log").text
    assert stage.walk.title not in there.get("/log").text
    assert not any("backed-up" in one.get("/log.csv").text for one in (here, there))
    with_key = TestClient(stage.app, headers=headers | PAGE)
    assert with_key.get("/log").status_code == 403
    assert stage.http.get("/log", headers={"Accept": "application/json"}).status_code == 401


def test_looks_are_forgotten_in_time(stage: Stage, clock: Clock) -> None:
    """What a process remembers of looks stays small, whoever looks at whatever."""
    looks = looking.Looks(stage.db)
    looks._lately = {(str(number),): -1000.0 for number in range(looking.OWED + 1)}
    looks.told(trail.entry("command", "read"), must=True)
    assert len(looks._lately) == 1
