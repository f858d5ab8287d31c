"""An admin looks for a person in everything, hands out or erases what was chosen, and gets a receipt; nobody else does."""

import io
import json
import zipfile
from typing import Any

import pytest
from sqlmodel import select

from app.models import (
    Edition,
    Erasure,
    Mark,
    Measure,
    Membership,
    Organisation,
    Participant,
    Partner,
    Sent,
    Stop,
    Takedown,
    Team,
    Telling,
    Track,
    User,
    Walk,
)
from app.privacy import finding
from app.report.freezing import digest
from tests.measures.pages import Paper
from tests.phone import new_id
from tests.privacy.raw import files, kept, with_photo
from tests.report.evening import Evening
from tests.report.test_public import measure

NAME = "Gerda Sørensen"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("12345678", "Ring til mig på 12 34 56 78."),
        ("12 34 56 78", "Tlf.: 12345678"),
        ("010190-1234", "CPR 0101901234"),
        ("gerda  sørensen", "Hun hedder GERDA SØRENSEN, og"),
        ("AB 12 345", "En hvid bil, AB12345."),
    ],
)
def test_numbers_and_names_are_found_however_they_are_written(query: str, text: str) -> None:
    sought = finding.pattern(query)
    assert sought
    assert sought.search(text)
    assert not sought.search("Lampen er slukket ved nummer 12.")


def test_too_little_is_not_looked_for() -> None:
    assert finding.pattern(" a- ") is None


def written_everywhere(evening: Evening) -> dict[str, str]:
    """The name in every place somebody can write it into; ids by kind."""
    stage = evening.stage
    note, photo = with_photo(evening, 10, note=f"{NAME} bor i nummer syv og råber ad alle.")
    other = stage.phone(name=NAME)
    clean = other.note(note="Her er godt at være.", stop_id=stage.stops[0].id)
    other.sync()
    evening.plan.release(clean)
    evening.plan.photo(note, review="approved")
    evening.set(note, sensitive=False, shown={"rev": 1})
    told = measure(evening, note, clean, problem="Der råbes.", answer=f"Vi har talt med {NAME}.")
    writer = evening.user(evening.emails()[0])
    mark, team = new_id(), new_id()
    with stage.db.write() as tx:
        tx.add(
            Mark(id=mark, walk_id=stage.walk.id, secret_hash="x", valence="unsafe", lat=57, lon=9.9, note=f"Ved {NAME}")
        )
        tx.add(Team(id=team, walk_id=stage.walk.id, name="Hold 1", duties={"leader": NAME, "notes": "Ib"}))
        tx.add(Telling(walk_id=stage.walk.id, texts={"summary": f"Tak til {NAME}."}, written_by=writer.id))
        tx.add(Takedown(walk_id=stage.walk.id, edition=1, text=f"Mit navn er {NAME}", contact="g@example.dk"))
        tx.get_one(Walk, stage.walk.id).contacts = f"{NAME}, 12 34 56 78"
    evening.published()
    return {"note": note, "photo": photo, "phone": other.id, "mark": mark, "team": team, "measure": told.id}


def search(admin: Paper, query: str = NAME) -> Paper:
    return admin.open("/people/search").press("/people/search", query=[query])


def hits(page: Paper) -> list[str]:
    import re

    return re.findall(r'name="hit" value="([^"]+)"', page.page)


def test_everything_of_a_person_is_found_handed_out_and_erased_with_a_receipt(
    every_database: str, evening: Evening
) -> None:
    stage = evening.stage
    made = written_everywhere(evening)
    admin = evening.plan.signed_in("admin")
    page = search(admin)
    found = hits(page)
    assert {one.partition(":")[0] for one in found} == {
        "note", "name", "team", "mark", "takedown", "telling", "measure", "edition", "walk",
    }  # fmt: skip
    assert "9 hits" in page.words
    assert NAME not in page.address, "what is looked for stands in no address"

    archive = zipfile.ZipFile(
        io.BytesIO(admin.http.post("/people/search/archive", data={"query": NAME, "hit": found}).content)
    )
    assert set(archive.namelist()) == {"data.json", f"photos/{made['photo']}.jpg"}
    told = json.loads(archive.read("data.json"))
    assert len(told["hits"]) == 9
    assert told["hits"][0]["note"]["history"][0]["content"]["note"].startswith(NAME)

    chosen: dict[str, Any] = {"query": NAME, "hit": found}
    asked = admin.post("/people/search/erasure", chosen)
    assert "Erase what is marked?" in asked.words
    assert NAME in kept(stage), "erasing takes a second step"
    done = admin.post("/people/search/erasure", chosen | {"sure": "yes"})
    assert done.status == 200
    assert done.address == "/keeping"
    everything = kept(stage)
    assert NAME not in everything
    assert "Her er godt at være." in everything
    assert files(stage, made["photo"]) == []
    with stage.db.read() as tx:
        [receipt] = tx.exec(select(Erasure).where(Erasure.kind == "person")).all()
        edition = tx.exec(select(Edition)).one()
        assert tx.get_one(Measure, made["measure"]).answer == "Vi har talt med [slettet]."
        assert tx.get_one(Walk, stage.walk.id).contacts == "[slettet], 12 34 56 78"
        assert tx.get_one(Team, made["team"]).duties == {"notes": "Ib"}
        assert tx.get(Mark, made["mark"]) is None
    assert receipt.erased["counts"]["note"] == 1
    assert receipt.who.startswith("person:")
    assert receipt.id in done.page
    assert NAME not in json.dumps(receipt.erased)
    assert edition.sha256 == digest(edition.frozen["public"])
    public = evening.reader.open(evening.public)
    assert public.status == 200
    assert "Her er godt at være." in public.words
    assert hits(search(admin)) == []


def erased_by(admin: Paper, query: str = NAME) -> list[str]:
    """Finds and erases; the kinds of what was found."""
    found = hits(search(admin, query))
    done = admin.post("/people/search/erasure", {"query": query, "hit": found, "sure": "yes"})
    assert (done.status, done.address) == (200, "/keeping"), done.words
    return [one.partition(":")[0] for one in found]


def test_who_is_named_at_a_stop_is_found_there_and_struck_on_every_phone(every_database: str, evening: Evening) -> None:
    stage, walker, admin = evening.stage, evening.phone, evening.plan.signed_in("admin")
    with stage.db.write() as tx:
        first, second = (tx.get_one(Stop, one.id) for one in stage.stops)
        first.name, second.prompt = f"Ved {NAME}s have", f"Spørg {NAME} i nummer 7 om lampen."
    assert f"Ved {NAME}s have · Spørg {NAME} i nummer 7" in search(admin).words, (
        "what will be struck is before one's eyes"
    )
    assert erased_by(admin) == ["walk"]
    assert NAME not in kept(stage)
    told = walker.get(f"/walks/{stage.walk.id}").json()
    assert told["seq"] > walker.walk["seq"]
    assert [one["name"] for one in told["stops"]] == ["Ved [slettet]s have", second.name]
    assert told["stops"][1]["prompt"] == "Spørg [slettet] i nummer 7 om lampen."
    assert hits(search(admin)) == []


def test_a_team_called_after_somebody_gets_another_name_with_all_who_are_in_it(
    every_database: str, evening: Evening
) -> None:
    stage, admin = evening.stage, evening.plan.signed_in("admin")
    with stage.db.write() as tx:
        for name in (f"{NAME}s hold", f"{NAME.upper()}s hold"):
            tx.add(Team(walk_id=stage.walk.id, name=name))
    walker = stage.phone(team=f"{NAME}s hold")
    with stage.db.write() as tx:
        tx.add(Track(id=new_id(), walk_id=stage.walk.id, participant_id=walker.id, team=f"{NAME}s hold", rev=1))
    found = [one for one in hits(search(admin)) if one.startswith("team")]
    assert len(found) == 2
    admin.post("/people/search/erasure", {"query": NAME, "hit": found, "sure": "yes"})
    assert NAME.casefold() not in kept(stage).casefold()
    told = walker.get(f"/walks/{stage.walk.id}").json()
    assert sorted(one["name"] for one in told["teams"]) == ["[slettet]s hold", "[slettet]s hold 2"]
    assert told["seq"] > walker.walk["seq"]
    with stage.db.read() as tx:
        mine = tx.get_one(Participant, walker.id).team
        assert mine in ("[slettet]s hold", "[slettet]s hold 2")
        assert tx.exec(select(Track.team)).one() == mine
    assert hits(search(admin)) == []


def test_a_partner_called_after_somebody_keeps_its_measures_under_another_name(
    every_database: str, evening: Evening
) -> None:
    stage, admin, mail = evening.stage, evening.plan.signed_in("admin"), "gerda.s@bolig.example"
    named = [evening.plan.partner(f"Vicevært {name}", "bolig", mail) for name in (NAME, NAME.replace(" ", "-"))]
    evening.plan.make(evening.anna, evening.note(), partner=named[0].id)
    with stage.db.write() as tx:
        tx.add(Sent(key=f"digest:{named[0].id}:2026-11-23:{mail}"))
    assert erased_by(admin) == ["partner", "partner"]
    everything = kept(stage)
    assert "Gerda" not in everything
    assert mail not in everything
    with stage.db.read() as tx:
        left = sorted(tx.exec(select(Partner.name)).all())
        assert tx.exec(select(Measure)).one().partner_id == named[0].id
    assert left == ["Vicevært [erased]", "Vicevært [erased] 2"]
    assert hits(search(admin)) == []


def test_letters_to_an_address_that_another_still_has_do_not_go_again(evening: Evening) -> None:
    stage, admin = evening.stage, evening.plan.signed_in("admin")
    partner = evening.plan.partner(f"Vicevært {NAME}", "bolig", "vagt@bolig.example")
    evening.plan.partner("Vagten", "bolig", "vagt@bolig.example")
    with stage.db.write() as tx:
        tx.add(Sent(key=f"digest:{partner.id}:2026-11-23:vagt@bolig.example"))
    assert erased_by(admin) == ["partner"]
    with stage.db.read() as tx:
        assert tx.exec(select(Sent)).one()


def test_one_photo_or_all_of_one_phone_can_be_chosen_alone(evening: Evening) -> None:
    stage = evening.stage
    _note, photo = with_photo(evening, 10, note=f"{NAME} ses på billedet.")
    admin = evening.plan.signed_in("admin")
    admin.post("/people/search/erasure", {"query": NAME, "photo": [photo], "sure": "yes"})
    assert files(stage, photo) == []
    assert f"{NAME} ses på billedet." in kept(stage), "the note stays"
    phone = stage.phone(name=NAME)
    phone.put(phone.note(note="Noget helt andet at sige."))
    admin.post("/people/search/erasure", {"query": NAME, "phone": [phone.id], "sure": "yes"})
    assert "Noget helt andet" not in kept(stage)
    assert f"{NAME} ses på billedet." in kept(stage)
    with stage.db.read() as tx:
        assert tx.get_one(Participant, phone.id).erased_at


def test_somebody_who_signs_in_is_shut_out_and_the_last_admin_stays(evening: Evening) -> None:
    stage = evening.stage
    admin, other = evening.plan.signed_in("admin"), evening.plan.signed_in("coordinator")
    mail = evening.emails()[-1]
    with stage.db.write() as tx:
        tx.add(Sent(key=f"before:{new_id()}:2026-11-30:{mail}"))  # a letter that went out
    page = search(admin, mail)
    assert hits(page) == [f"user:{evening.user(mail).id}"]
    admin.post("/people/search/erasure", {"query": mail, "hit": hits(page), "sure": "yes"})
    assert mail not in kept(stage)
    assert other.http.get("/account", follow_redirects=False).status_code in (303, 401)
    mine = evening.emails()[-2]
    page = admin.post("/people/search/erasure", {"query": mine, "hit": hits(search(admin, mine)), "sure": "yes"})
    assert "the last admin" in page.words
    with stage.db.read() as tx:
        assert tx.exec(select(User).where(User.email == mine)).one()


@pytest.mark.parametrize("role", ["organiser", "coordinator", "partner"])
def test_nobody_but_an_admin_looks(evening: Evening, role: str) -> None:
    somebody = evening.plan.signed_in(role)
    for way in ("/people/search", "/keeping"):
        assert somebody.open(way).status == 403
    for way in (
        "/people/search",
        "/people/search/archive",
        "/people/search/erasure",
        f"/keeping/{evening.walk.organisation_id}",
    ):
        assert somebody.post(way, {"query": NAME, "sure": "yes"}).status == 403


def test_an_admin_of_another_organisation_finds_and_erases_nothing_of_ours(evening: Evening) -> None:
    stage, made = evening.stage, evening.note(note=f"{NAME} bor her.")
    stranger = evening.plan.signed_in("admin", "Randers Kommune")
    assert hits(search(stranger)) == []
    stranger.post("/people/search/erasure", {"query": NAME, "hit": [f"note:{made}"], "sure": "yes"})
    assert stranger.post(f"/keeping/{evening.walk.organisation_id}", {}).status == 404
    assert NAME in kept(stage)
    with stage.db.read() as tx:
        assert not tx.exec(select(Erasure)).all()


def test_how_long_things_are_kept_is_chosen_on_a_page_and_told_in_the_notice(evening: Evening) -> None:
    stage = evening.stage
    admin, at = evening.plan.signed_in("admin"), f"/keeping/{evening.walk.organisation_id}"
    page = admin.open("/keeping")
    refused = page.press(at, photos=["10"], names=["mange"])
    assert refused.status == 422
    assert "From 30 to 730 days." in refused.words
    assert "Write a number of days." in refused.words
    assert 'value="mange"' in refused.page, "what was typed comes back"
    saved = admin.open("/keeping").press(at, photos=["90"], names=["14"])
    assert saved.status == 200
    with stage.db.read() as tx:
        assert tx.get_one(Organisation, evening.walk.organisation_id).keeping == {"photos": 90, "names": 14}
    ours = evening.reader.open(f"/privacy?walk={stage.walk.id}").words
    assert "Aalborg Kommune is the data controller" in ours
    assert "90 days after the report was released" in ours
    assert "14 days after the walk is closed" in ours
    usual = evening.reader.open("/privacy").words
    assert "183 days after the report was released" in usual
    assert "Within a day after the walk is closed" in usual


def test_an_admin_takes_away_only_what_somebody_is_in_their_own_organisation(evening: Evening) -> None:
    stage = evening.stage
    admin = evening.plan.signed_in("admin")
    evening.plan.signed_in("coordinator")
    mail = evening.emails()[-1]
    with stage.db.write() as tx:
        other = Organisation(name="Randers Kommune")
        tx.add(other)
        tx.flush()
        user = tx.exec(select(User).where(User.email == mail)).one()
        tx.add(Membership(user_id=user.id, organisation_id=other.id, role="organiser"))
    admin.post("/people/search/erasure", {"query": mail, "hit": hits(search(admin, mail)), "sure": "yes"})
    with stage.db.read() as tx:
        assert tx.exec(select(User.email).where(User.id == user.id)).one() == mail
        left = tx.exec(select(Membership.role).where(Membership.user_id == user.id)).all()
    assert left == ["organiser"]


def test_striking_a_common_word_leaves_a_report_that_can_be_read(evening: Evening) -> None:
    evening.note(note="En unsafe oplevelse ved tunnelen.", valence="unsafe", factors=["lighting.outage"])
    evening.published()
    admin = evening.plan.signed_in("admin")
    found = [one for one in hits(search(admin, "unsafe")) if one.startswith("edition")]
    assert found
    admin.post("/people/search/erasure", {"query": "unsafe", "hit": found, "sure": "yes"})
    with evening.stage.db.read() as tx:
        [note] = tx.exec(select(Edition)).one().frozen["public"]["notes"]
    assert (note["note"], note["valence"]) == ("En [slettet] oplevelse ved tunnelen.", "unsafe")
    assert evening.reader.open(evening.public).status == 200
