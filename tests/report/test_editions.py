"""An edition is frozen by one person, read and released by another, and never changes."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event

from app.models import Edition, Walk, new_id
from app.problems import TryAgain
from app.report import edition as editions
from app.report import freezing, issued
from tests.cast import Stage
from tests.report.evening import Evening

HOME = "Aalborg Kommune"


@pytest.fixture
def evening(stage: Stage) -> Evening:
    return Evening(stage)


def test_a_report_is_asked_for_by_one_and_released_by_another(evening: Evening) -> None:
    evening.note(note="Lampen i tunnelen er slukket.")
    page = evening.ask()
    assert "Edition 1 waits for somebody else to read it." in page.words
    assert evening.reader.open("/r/aftenvandring-i-aalborg-oest-2026-11-24").status == 404
    assert evening.release(1).status == 200, evening.bo.words
    [edition] = evening.editions()
    assert (edition.state, edition.number) == ("released", 1)
    assert "Lampen i tunnelen er slukket." in evening.reader.open(evening.public).words


def test_whoever_wrote_an_edition_never_releases_it(evening: Evening) -> None:
    evening.note()
    evening.ask(evening.bo)
    page = evening.bo.open(f"{evening.at}/release/1")
    assert "You wrote this edition, so somebody else reads and releases it." in page.words
    assert "Release edition 1" not in page.words
    assert evening.bo.post(f"{evening.at}/release/1/release", evening.reading(1, evening.ida)).status == 403
    assert evening.editions()[0].state == "asked"


def test_an_organiser_releases_nothing_even_what_somebody_else_wrote(evening: Evening) -> None:
    evening.note()
    evening.ask(evening.bo)
    assert evening.anna.post(f"{evening.at}/release/1/release", evening.reading(1)).status == 403
    assert evening.anna.post(f"{evening.at}/release/1/reading", {"read": ["people"]}).status == 403


def test_it_goes_out_only_when_everything_is_read_and_checked_and_what_was_marked_is_kept(evening: Evening) -> None:
    evening.note()
    evening.ask()
    form = evening.reading(1)
    page = evening.bo.post(
        f"{evening.at}/release/1/release", form | {"read": form["read"][1:], "checked": form["checked"][:-2]}
    )
    assert page.status == 422
    assert "1 change has not been marked as read. 2 checks are missing." in page.words
    [edition] = evening.editions()
    assert (edition.state, sorted(edition.read), edition.checked) == (
        "asked",
        sorted(form["read"][1:]),
        form["checked"][:-2],
    )
    kept = evening.bo.open(f"{evening.at}/release/1").form(f"{evening.at}/release/1/reading")
    assert sorted(kept["read"]) == sorted(form["read"][1:])


def test_a_mark_for_a_change_that_is_none_counts_for_nothing(evening: Evening) -> None:
    evening.note()
    evening.ask()
    form = evening.reading(1)
    assert evening.bo.post(f"{evening.at}/release/1/release", form | {"read": ["x", *form["read"][1:]]}).status == 422


def test_what_goes_back_needs_a_word_and_the_next_one_has_the_next_number(evening: Evening) -> None:
    evening.note()
    evening.ask()
    assert evening.bo.post(f"{evening.at}/release/1/return", {"because": " "}).status == 422
    assert evening.bo.post(f"{evening.at}/release/1/return", {"because": "Et husnummer ved stop 2"}).status == 200
    assert "Et husnummer ved stop 2" in evening.anna.open(f"{evening.at}/release").words
    evening.ask()
    assert [(one.number, one.state) for one in evening.editions()] == [(2, "asked"), (1, "returned")]


def test_whoever_wrote_it_takes_it_back_without_a_word(evening: Evening) -> None:
    evening.note()
    evening.ask()
    assert evening.anna.post(f"{evening.at}/release/1/return", {}).status == 200
    assert evening.editions()[0].state == "returned"


@pytest.mark.parametrize("step", ["return", "release", "reading"])
def test_a_step_in_the_wrong_order_is_told_what_has_become_of_it(evening: Evening, step: str) -> None:
    evening.note()
    evening.ask()
    form = evening.reading(1)
    evening.release(1)
    page = evening.ida.post(f"{evening.at}/release/1/{step}", form | {"because": "for sent"})
    assert page.status == 409
    assert "Edition 1 was released by coordinator1@kommune.example" in page.words
    assert evening.editions()[0].state == "released"


def test_two_who_release_at_once_release_once_and_one_is_told(stage: Stage, every_database: str) -> None:
    evening = Evening(stage)
    evening.note()
    evening.ask()
    form = evening.reading(1)
    both = [
        threading.Thread(target=who.post, args=(f"{evening.at}/release/1/release", form))
        for who in (evening.bo, evening.ida)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted((evening.bo.status, evening.ida.status)) == [200, 409]
    assert [one.state for one in evening.editions()] == ["released"]


def test_nothing_to_publish_and_nothing_new_are_told_and_two_never_wait_at_once(evening: Evening) -> None:
    assert "No note has been released yet" in evening.ask().words
    assert evening.anna.status == 409
    evening.note()
    evening.ask()
    assert "Edition 1 waits to be read already." in evening.ask().words
    evening.release(1)
    assert "Nothing has changed since edition 1." in evening.ask().words
    assert len(evening.editions()) == 1


def test_a_correction_is_a_new_edition_that_says_what_changed(evening: Evening) -> None:
    first = evening.note(note="Naboen har ringet om det.")
    evening.published()
    evening.phone.edit(first, note="Der er ringet om det før.")
    evening.phone.sync()
    evening.plan.release(first)
    evening.note(note="Her er tomt om aftenen.", stop=1)
    assert evening.ask().status == 200
    page = evening.bo.open(f"{evening.at}/release/2").words
    assert "Changed since edition 1" in page
    assert "Kilden: 1 note" in page
    assert "Naboen har ringet om det." in page
    assert "Der er ringet om det før." in page
    assert "0 of 3 read" in page
    evening.release(2)
    assert "Der er ringet om det før." in evening.reader.open(evening.public).words
    old, new = reversed(evening.editions())
    assert (old.state, new.state) == ("released", "released")
    assert "Naboen har ringet om det." in str(old.frozen["public"])


def test_an_edition_never_changes_and_its_sum_is_that_of_its_data(evening: Evening) -> None:
    evening.note()
    edition = evening.published()
    assert freezing.digest(edition.frozen["public"]) == edition.sha256
    reply = evening.reader.http.get(evening.public + "/edition.json")
    assert freezing.digest(reply.json()) == edition.sha256
    assert edition.sha256 in evening.reader.open(evening.public).words


def test_an_edition_that_was_tampered_with_does_not_go_out(evening: Evening) -> None:
    evening.note()
    evening.ask()
    form = evening.reading(1)
    with evening.stage.db.write() as tx:
        held = tx.get_one(Edition, evening.editions()[0].id)
        held.frozen = held.frozen | {"public": held.frozen["public"] | {"stops": []}}
    page = evening.bo.post(f"{evening.at}/release/1/release", form)
    assert page.status in (409, 422)
    assert evening.editions()[0].state == "asked"


def test_a_withdrawn_edition_leaves_the_one_before_it_and_then_none(evening: Evening) -> None:
    evening.note(note="Det første.")
    evening.published()
    evening.note(note="Det andet.")
    evening.published()
    public = evening.public
    assert "Det andet." in evening.reader.open(public).words
    assert evening.anna.post(f"{evening.at}/release/2/withdrawal", {"because": ""}).status == 422
    assert evening.anna.post(f"{evening.at}/release/2/withdrawal", {"because": "Et navn"}).status == 200
    page = evening.reader.open(public).words
    assert "Det første." in page
    assert "Det andet." not in page
    evening.bo.post(f"{evening.at}/release/1/withdrawal", {"because": "Også her"})
    gone = evening.reader.http.get(public)
    assert (gone.status_code, gone.text.replace(public, "/r/x")) == (404, evening.reader.http.get("/r/x").text)


def test_walkers_phones_hear_where_it_is_read_and_when_it_is_not_any_longer(evening: Evening) -> None:
    evening.note()
    evening.stage.close_walk()

    def heard() -> tuple[str, str | None]:
        walk = evening.phone.network.send(
            "GET", f"/api/v1/walks/{evening.stage.walk.id}", headers=evening.phone.key
        ).json()
        return walk["state"], walk["report_url"]

    assert heard() == ("closed", None)
    evening.published()
    assert heard() == ("published", f"http://testserver{evening.public}")
    evening.bo.post(f"{evening.at}/release/1/withdrawal", {"because": "Et navn"})
    assert heard() == ("closed", None)


def test_another_organisation_and_a_partner_see_no_edition(evening: Evening) -> None:
    evening.note()
    evening.ask()
    for role, organisation in (("coordinator", "Randers Kommune"), ("admin", "Randers Kommune"), ("partner", HOME)):
        stranger = evening.plan.signed_in(role, organisation)
        for path in ("/release", "/release/1", "/release/1/page", "/report/write"):
            assert stranger.open(evening.at + path).status in (403, 404), (role, path)


def test_names_and_plates_in_the_written_words_are_pointed_out_to_whoever_reads(evening: Evening) -> None:
    evening.note()
    evening.anna.open(f"{evening.at}/report/write").press(
        f"{evening.at}/report/write", summary="Ring til Mette Jensen, Egevej 12."
    )
    assert "This looks as if it names a person" in evening.anna.words
    evening.ask()
    assert "Look twice." in evening.bo.open(f"{evening.at}/release/1").words


def test_a_walk_that_was_emptied_gets_no_new_edition(evening: Evening) -> None:
    evening.note()
    with evening.stage.db.write() as tx:
        tx.merge(evening.walk.model_copy(update={"state": "archived"}))
    assert evening.ask().status == 410


def test_a_sign_that_no_database_keeps_stands_as_another_in_why_it_goes_back(
    evening: Evening, every_database: str
) -> None:
    evening.note()
    evening.ask()
    assert evening.bo.post(f"{evening.at}/release/1/return", {"because": "Et\0husnummer"}).status == 200
    assert evening.editions()[0].because == "Et\ufffdhusnummer"


def test_what_was_written_while_a_report_was_made_ready_is_in_the_edition_all_the_same(evening: Evening) -> None:
    evening.note(note="Lampen i tunnelen er slukket.")
    by, walk = evening.user(evening.emails()[0]), evening.walk
    with evening.stage.db.read() as tx:
        ready = editions.made_ready(tx, walk)
    evening.note(note="Bænken er væk.")
    evening.phone.edit(evening.note(note="Trykfejl"), note="Hækken er for høj.")
    evening.phone.sync()
    with evening.stage.db.write() as tx:
        made = editions.ask(tx, walk, by, ready)
    assert [note["note"] for note in made.frozen["public"]["notes"]] == [
        "Lampen i tunnelen er slukket.",
        "Bænken er væk.",
    ]
    assert made.frozen["counts"]["waiting"] == 1


@pytest.mark.embedded
def test_nobodys_note_waits_while_the_notes_of_an_edition_are_read(evening: Evening) -> None:
    evening.note()
    engine, asked = evening.stage.db.engine, list[str]()
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    evening.ask()
    begun = next(at for at, statement in enumerate(asked) if statement.startswith("INSERT INTO edition"))
    held = max(at for at in range(begun) if asked[at].startswith("BEGIN IMMEDIATE"))
    assert not [statement for statement in asked[held:begun] if "FROM observation" in statement and "note" in statement.split("FROM")[0]]  # fmt: skip


def test_two_walks_of_one_name_and_day_released_at_the_same_moment_get_an_address_each(
    evening: Evening, every_database: str
) -> None:
    db, first, bo = evening.stage.db, evening.walk, evening.user(evening.emails()[1])
    evening.note()
    evening.ask()
    [one] = evening.editions()
    walks = [first, *(evening.stage.another_walk(title=first.title) for _more in range(3))]
    with db.write() as tx:
        for walk in walks[1:]:
            given = one.model_dump(exclude={"id", "walk_id"}) | {"walk_id": walk.id, "id": new_id()}
            tx.add(Edition(**given))
    with db.read() as tx:
        waiting = [issued.numbered(tx, walk.id, 1) for walk in walks]
        read = [change.key for change in editions.changed(tx, one)]
    ready = threading.Barrier(len(waiting))

    def release(edition: Edition) -> str:
        ready.wait(30)
        while True:
            try:
                with db.write() as tx:
                    editions.release(tx, edition, bo, read, editions.CHECKS)
                return "released"
            except TryAgain:
                continue

    with ThreadPoolExecutor(len(waiting)) as pool:
        assert list(pool.map(release, waiting)) == ["released"] * len(waiting)
    with db.read() as tx:
        assert len({tx.get_one(Walk, walk.id).slug for walk in walks}) == len(walks)
