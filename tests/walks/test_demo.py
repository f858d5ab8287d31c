"""The demo walk: there once, believable, and in by the same doors as a phone's notes."""

from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import httpx
import pytest
from sqlmodel import col, select

from app.db import Database
from app.demo import ground, plan
from app.demo.content import NOTES, ROUTE, STOPS, TITLE
from app.demo.walk import COORDINATOR, SECOND, make
from app.measures import measures
from app.models import Edition, Observation, Photo, User, Walk
from app.photos.folder import FolderVault
from app.problems import TryAgain
from app.report import edition, report
from app.review.decided import decided
from app.settings import Settings
from app.taxonomy import factors, is_sensitive
from tests.access.conftest import Browser
from tests.cast import Stage
from tests.maps import header, helsinki
from tests.running import Server


def test_what_the_demo_says_is_in_the_walkers_words() -> None:
    for note in NOTES:
        assert set(note["factors"]) <= set(factors())
        assert "sikker" not in note["note"].lower()
    assert {note["valence"] for note in NOTES} == {"safe", "unsafe", "mixed"}
    assert sum(is_sensitive(note["factors"]) for note in NOTES) == 1
    assert sum("at" not in note and "stop" not in note for note in NOTES) == 1


def test_the_demo_is_made_once_and_links_anew_each_time(stage: Stage) -> None:
    first, second = (make(stage.db, stage.vault, stage.app.state.settings) for _time in range(2))
    assert set(first) == {
        "walk_id", "code", "join_url", "sign_in_url", "report_url", "second_sign_in_url", "partner_url", "public_url",
    }  # fmt: skip
    assert {name for name in first if first[name] != second[name]} == {"sign_in_url", "second_sign_in_url"}
    with stage.db.read() as tx:
        notes = tx.exec(select(Observation).where(Observation.walk_id == first["walk_id"])).all()
        states = tx.exec(select(Photo.state).where(col(Photo.observation_id).in_([note.id for note in notes]))).all()
        assert tx.get_one(Walk, first["walk_id"]).state == "open"
    assert len(notes) == len(NOTES)
    assert states == ["ready"] * 7, "six of the walkers and one of what was done, cleaned at once"


def test_the_walk_of_an_earlier_version_stays_and_the_newer_one_comes_beside_it(stage: Stage) -> None:
    """The demo once went through Aalborg; on the map of Helsinki its walk would be nowhere."""
    old = stage.another_walk(
        id=str(uuid5(NAMESPACE_URL, "urn:tryghedsvandring:demo:walk")), title="Aftenvandring i Aalborg Øst",
        route={"type": "LineString", "coordinates": [[9.979, 57.0371], [9.9799, 57.0373]]},
    )  # fmt: skip
    told = make(stage.db, stage.vault, stage.app.state.settings)
    with stage.db.read() as tx:
        assert tx.get_one(Walk, old.id).route == old.route
        new = tx.get_one(Walk, told["walk_id"])
    assert (new.title, new.route["coordinates"]) == (TITLE, ROUTE)
    assert told["code"] != old.code


def test_the_demos_link_leads_to_its_report(stage: Stage, tmp_path: Path) -> None:
    told = make(stage.db, stage.vault, stage.app.state.settings)
    browser = Browser(stage)
    link = urlsplit(told["sign_in_url"])
    page = browser.get(f"{link.path}?{link.query}")
    assert f'name="next" value="/walks/{told["walk_id"]}/report"' in page.text
    browser.open_link(told["sign_in_url"])
    report = browser.get(urlsplit(told["report_url"]).path)
    assert report.status_code == 200
    assert "Alle tre lamper i tunnelen er slukket." in report.text


def test_most_of_the_demo_is_reviewed_and_some_is_left_to_try(stage: Stage) -> None:
    told = make(stage.db, stage.vault, stage.app.state.settings)
    with stage.db.read() as tx:
        states = Counter(one.state for one in decided(tx, told["walk_id"]).values())
        whole = report.build(tx, told["walk_id"], sensitive=False, base_url="")
    assert states == {"released": 9, "merged": 1, "hidden": 1, "waiting": 4}
    [(lead, [voice])] = whole.voices().items()
    felt = {one.id: one.valence for one in whole.observations}
    assert (felt[lead], voice.valence) == ("unsafe", "mixed"), "they disagree, and both are heard"
    assert len(whole.observations) == len(NOTES) - 3, "one is hidden; two are sensitive, by subject and by their words"
    [struck] = [one.note for one in whole.observations if "[…]" in one.note]
    assert "Kirsten" not in struck


def test_the_demos_report_was_released_by_a_second_person_and_its_links_lead_there(stage: Stage) -> None:
    told = make(stage.db, stage.vault, stage.app.state.settings)
    with stage.db.read() as tx:
        [made] = tx.exec(select(Edition).where(Edition.walk_id == told["walk_id"])).all()
        writer, releaser = (tx.get_one(User, one) for one in (made.written_by, made.released_by))
    assert (made.number, made.state) == (1, "released")
    assert (writer.email, releaser.email) == (COORDINATOR, SECOND)
    page = stage.http.get(urlsplit(told["public_url"]).path).text
    for said in (
        "Alle tre lamper i tunnelen er slukket.",
        "Om dagen er den fin",
        "Vi dæmper lyset i skuret",
        "[…] har meldt det",
        "Tunnelen er det sted",
    ):
        assert said in page, said
    for never in (
        "Kirsten",
        "Ham i stueetagen",
        "AB 12 345",
        "Bænken bag garagerne",
        "example.org",
        *(f"{lat}" for lat, _lon in [NOTES[1]["at"][:2]]),
    ):
        assert never not in page, never
    assert stage.http.get(f"{urlsplit(told['public_url']).path}/photos/m5.jpg").status_code == 200, (
        "the cleaned grating"
    )
    partner = Browser(stage)
    partner.get(urlsplit(told["partner_url"]).path)
    assert "Lamperne står bag træerne" in partner.get("/partner").text


def test_the_demo_walk_goes_back_to_one_of_the_year_before(stage: Stage) -> None:
    told = make(stage.db, stage.vault, stage.app.state.settings)
    with stage.db.read() as tx:
        walk = tx.get_one(Walk, told["walk_id"])
        earlier = tx.get_one(Walk, walk.follows_id)
        before_that, found = (measures.of_walk(tx, one.id) for one in (earlier, walk))
    assert (walk.follows_as, earlier.state) == ("return", "published")
    assert {one.status for one in before_that} == {"done", "refused"}
    assert all(one.done_at < walk.starts_at for one in before_that if one.done_at)
    assert {one.continues_id for one in found} - {None} < {one.id for one in before_that}
    page = stage.http.get(urlsplit(told["public_url"]).path, headers={"Accept-Language": "da"}).text
    for said in ("Siden sidst", "Før og efter", "p1-before", "Lamperne er sat op.", 'Fortsætter som <a href="#m1">'):
        assert said in page, said
    assert stage.http.get(f"{urlsplit(told['public_url']).path}/photos/p1-before.jpg").status_code == 200
    assert "Her er ingen lamper." in stage.http.get(f"/r/{earlier.slug}").text


def test_a_report_that_a_visitor_has_begun_otherwise_is_left_alone(stage: Stage) -> None:
    settings = stage.app.state.settings
    told = make(stage.db, stage.vault, settings)
    with stage.db.write() as tx:
        [released] = tx.exec(select(Edition).where(Edition.walk_id == told["walk_id"])).all()
        edition.withdraw(tx, released, "En prøve")
    again = make(stage.db, stage.vault, settings)
    assert "public_url" not in again
    with stage.db.read() as tx:
        assert len(tx.exec(select(Edition).where(Edition.walk_id == told["walk_id"])).all()) == 1


def test_the_demo_has_measures_with_partners_and_answers(stage: Stage) -> None:
    told = make(stage.db, stage.vault, stage.app.state.settings)
    with stage.db.read() as tx:
        found = measures.of_walk(tx, told["walk_id"])
    assert [one.number for one in found] == list(range(1, len(plan.MEASURES) + 1))
    assert {one.status for one in found} >= {"proposed", "accepted", "doing", "done", "refused"}
    assert all(one.partner and one.place and one.observation_ids for one in found)
    assert all(one.reason for one in found if one.kind == "impossible")
    assert not [one.number for one in found if "sikker" in f"{one.problem} {one.measure} {one.answer}".lower()]
    done = next(one for one in found if one.status == "done")
    assert done.done_at
    assert done.answered_at
    assert [len(one.steps) for one in found if one.answer] == [
        2 + ("proof" in one) for one in plan.MEASURES if "answer" in one
    ]
    assert done.proof_seen


def test_a_broken_run_is_mended_by_the_next(stage: Stage, tmp_path: Path) -> None:
    settings = stage.app.state.settings
    full = FolderVault(tmp_path / "a-file" / "photos")
    (tmp_path / "a-file").write_text("no folder")
    with pytest.raises(TryAgain):
        make(stage.db, full, settings)
    told = make(stage.db, stage.vault, settings)
    with stage.db.read() as tx:
        assert not tx.exec(select(Photo).where(Photo.state == "expected")).all()
        assert len(tx.exec(select(Observation).where(Observation.walk_id == told["walk_id"])).all()) == len(NOTES)


def test_the_command_makes_it_beside_the_server(server: Server, every_database: str) -> None:
    told = server.tryg("demo")
    assert told["code"] == server.tryg("demo")["code"]
    assert told["join_url"] == f"{server.url}/app/?walk={told['code']}"
    assert httpx.get(told["sign_in_url"], headers={"Accept": "text/html"}).status_code == 200
    database = Database(server.database)
    with database.read() as tx:
        assert tx.get_one(Walk, told["walk_id"]).code == told["code"]
    database.close()


def test_everything_on_the_demo_walk_lies_on_its_map() -> None:
    about = header(helsinki().read_bytes())
    places = [(lat, lon) for lon, lat in ROUTE] + [(lat, lon) for _name, _ask, lat, lon in STOPS]
    places += [note["at"][:2] for note in NOTES if "at" in note]
    for lat, lon in places:
        assert about["min_lat_e7"] < lat * 1e7 < about["max_lat_e7"]
        assert about["min_lon_e7"] < lon * 1e7 < about["max_lon_e7"]


def test_the_demo_takes_its_own_map_where_there_is_one_and_no_other_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ground.with_its_map(Settings()).basemap_file == helsinki()
    theirs = Settings(basemap="https://kort.example/{z}/{x}/{y}")
    assert ground.with_its_map(theirs) == theirs
    for path in (tmp_path / "none.pmtiles", tmp_path / "empty.pmtiles"):
        if path.name.startswith("empty"):
            path.touch()  # it could not be fetched
        monkeypatch.setattr(ground, "MAP", path)
        assert ground.with_its_map(Settings()).basemap == ""
