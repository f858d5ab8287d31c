"""What was saved arrives, once, whatever the network does to it; real server, real database, broken connections."""

import re
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.pocket import Network, Phone, picture
from tests.photos.pictures import until
from tests.running import Server

SEND = "await sync.sendNow(); return sync.status()"
SENT = "(await store.notes()).every((note) => note.phase === 'sent')"


def wait_until(phone: Phone, condition: str, most_s: int = 30) -> None:
    """Until the JavaScript `condition` holds; at most 30 s."""
    phone.run(f"await until(async () => {condition}, {most_s * 1000})")


def headers_of(phone: Phone) -> dict[str, str]:
    me = phone.run("return store.joined()")
    return {"Authorization": f"Bearer {me['participant_id']}.{me['secret']}"}


def on_the_server(phone: Phone) -> list[dict[str, Any]]:
    """What the server has of the walk, as its changes feed tells."""
    walk = phone.run("return (await store.joined()).walk.id")
    answer = httpx.get(f"{phone.url}/api/v1/walks/{walk}/changes?limit=500", headers=headers_of(phone))
    return [change for change in answer.raise_for_status().json()["changes"] if "walk" not in change]


def database(server: Server, *statements: str) -> None:
    for statement in statements:
        server.rows(statement)


def test_a_note_made_in_airplane_mode_arrives_by_itself_when_the_network_is_back(
    phone: Phone, context: BrowserContext
) -> None:
    phone.run("sync.start()")
    wait_until(phone, "sync.status().confirmed")
    context.set_offline(True)
    phone.run("await save({valence: 'unsafe', note: 'Mørkt'}, given)", picture(), picture(colour=(9, 90, 9)))
    wait_until(phone, "(await store.notes())[0].phase === 'waiting'")
    assert phone.run("return sync.status().online") is False
    context.set_offline(False)
    wait_until(phone, "sync.status().confirmed")
    assert phone.phases() == ["sent"]
    [held] = on_the_server(phone)
    assert held["note"] == "Mørkt"
    assert {photo["state"] for photo in held["photos"]} <= {"stored", "ready"}
    assert len(held["photos"]) == 2


def test_words_go_before_pictures(phone: Phone) -> None:
    phone.run("await save({note: 'en'}, [given[0]]); await save({note: 'to'}, [given[1]])", picture(), picture(60, 60))
    phone.run(SEND)
    puts = [path for method, path in phone.sent if method == "PUT" and "/observations/" in path]
    assert ["/photos/" in path for path in puts] == [False, False, True, True]
    assert phone.phases() == ["sent", "sent"]


def test_a_lost_reply_does_not_duplicate_the_observation_or_its_photo(phone: Phone, network: Network) -> None:
    phone.run("await save({note: 'en gang'}, given)", picture())
    network.lose_reply(r"/observations/[^/]+$")
    phone.run(SEND)
    assert phone.phases() == ["failed"]
    network.lose_reply(r"/photos/")
    phone.run(SEND)
    assert phone.phases() in (["photos"], ["sent"])  # a second later it tries again by itself
    phone.run(SEND)
    assert phone.phases() == ["sent"]
    assert len(phone.paths("observations")) == 2
    assert len(phone.paths("photos")) == 2
    [held] = on_the_server(phone)
    assert (held["rev"], len(held["photos"])) == (1, 1)


def test_somebody_elses_page_is_not_a_receipt(phone: Phone, network: Network) -> None:
    phone.run("await save({note: 'cafe'})")
    network.answer("/healthz", 200, "<h1>Log på caféens net</h1>")
    assert phone.run(SEND)["online"] is False
    assert phone.paths("observations") == []
    network.answer(r"/observations/", 200, "<h1>Log på</h1>")
    phone.run(SEND)
    network.answer(r"/observations/", 200, {"id": "01890000-0000-7000-8000-000000000000", "rev": 1, "photos": []})
    phone.run(SEND)
    assert phone.run("return store.unsent()") == {"notes": 1, "photos": 0}
    phone.run(SEND)
    assert phone.phases() == ["sent"]


def test_a_photo_receipt_must_name_the_photo_and_its_sum(phone: Phone, network: Network) -> None:
    note = phone.run("return save({note: 'x'}, given)", picture())
    network.answer("/photos/", 200, {"id": note["photos"][0]["id"], "sha256": "0" * 64, "bytes": 1, "state": "stored"})
    phone.run(SEND)
    assert phone.phases() == ["photos"]
    phone.run(SEND)
    assert phone.phases() == ["sent"]


def test_a_busy_server_is_left_alone_as_long_as_it_asks_but_the_button_goes_at_once(
    phone: Phone, network: Network
) -> None:
    busy = {"type": "/problems/try-again", "title": "x", "status": 503, "detail": "Serveren har travlt."}
    network.answer(r"/observations/", 503, busy, {"Retry-After": "120"})
    phone.run("await save({note: 'en'}); await save({note: 'to'}); sync.start()")
    wait_until(phone, "(await store.notes()).some((note) => note.problem)")
    wait_until(phone, "!sync.status().sending")
    assert len(phone.paths("observations")) == 1
    assert phone.phases() == ["saved", "failed"]
    problem = phone.run("return (await store.notes())[1].problem")
    assert (problem["detail"], problem["final"]) == ("Serveren har travlt.", False)
    assert 100_000 < problem["retry_at"] - problem["at"] < 125_000
    phone.run(
        """await save({note: 'tre'});
        const decided = new Promise((resolve) => sync.onStatus(resolve));
        dispatchEvent(new Event('online'));
        await decided;"""
    )
    assert len(phone.paths("observations")) == 1
    phone.run(SEND)
    assert phone.phases() == ["sent"] * 3


def test_a_server_whose_clock_is_wrong_keeps_no_phone_silent_for_longer_than_an_hour(
    phone: Phone, network: Network
) -> None:
    busy = {"type": "/problems/too-many-attempts", "title": "x", "status": 429, "detail": "Prøv igen om lidt."}
    network.answer(r"/observations/", 429, busy, {"Retry-After": "31535401"})
    phone.run("await save({note: 'en'}); sync.start()")
    wait_until(phone, "(await store.notes()).some((note) => note.problem)")
    problem = phone.run("return (await store.notes())[0].problem")
    assert 3_500_000 < problem["retry_at"] - problem["at"] <= 3_600_000


def test_one_refused_note_does_not_block_the_others_and_says_why(phone: Phone) -> None:
    phone.run("await save({note: 'a'}); await save({note: given[0]}); await save({note: 'c'})", "x" * 10_000)
    phone.run(SEND)
    assert phone.phases() == ["sent", "failed", "sent"]
    refused = phone.run("return (await store.notes())[1]")
    assert refused["problem"]["final"]
    assert "4000" in refused["problem"]["detail"]
    assert phone.run("return store.unsent()") == {"notes": 1, "photos": 0}
    phone.run("await edit(given[0], {note: 'kortere'})", refused["id"])
    phone.run(SEND)
    assert phone.phases() == ["sent"] * 3


def test_a_refused_photo_leaves_the_words_sent_and_the_other_photo_too(phone: Phone) -> None:
    phone.run(
        """await store.addDraftPhoto("new", {buffer: new TextEncoder().encode("ikke et billede").buffer, type: "image/jpeg"});
        await save({note: 'to'}, given);""",
        picture(),
    )
    phone.run(SEND)
    [note] = phone.run("return store.notes()")
    assert (note["phase"], note["problem"]["code"]) == ("failed", "not-a-photo")
    assert note["sent_rev"] == 1
    assert [photo["state"] != "kept" for photo in note["photos"]] == [False, True]


def test_other_words_under_the_same_revision_make_the_phone_say_its_own_again(phone: Phone) -> None:
    note = phone.run("return save({note: 'mit'})")
    other = {**note["content"], "note": "fra en gendannet telefon"}
    answer = httpx.put(f"{phone.url}/api/v1/observations/{note['id']}", json=other, headers=headers_of(phone))
    assert answer.status_code == 201
    phone.run(SEND)
    [held] = on_the_server(phone)
    assert (held["rev"], held["note"]) == (2, "mit")
    assert phone.phases() == ["sent"]


def test_a_server_that_is_ahead_of_the_phone_hears_the_phones_words_again(phone: Phone) -> None:
    note = phone.run("return save({note: 'telefonens'})")
    ahead = {**note["content"], "rev": 5, "note": "serverens"}
    httpx.put(f"{phone.url}/api/v1/observations/{note['id']}", json=ahead, headers=headers_of(phone))
    phone.run(SEND)
    [held] = on_the_server(phone)
    assert (held["rev"], held["note"]) == (6, "telefonens")


def test_a_restored_backup_without_this_phone_gets_everything_again(phone: Phone, shared_server: Server) -> None:
    phone.run("await save({note: 'før'}, given)", picture())
    assert phone.run(SEND)["confirmed"]
    tables = ("photo", "variant", "revision", "observation", "participant")
    database(shared_server, *(f"DELETE FROM {table}" for table in tables))
    phone.open()
    phone.run("await save({note: 'efter'})")
    assert phone.run(SEND)["confirmed"]
    assert sorted(held["note"] for held in on_the_server(phone)) == ["efter", "før"]
    assert [photo["state"] for held in on_the_server(phone) for photo in held["photos"]] in (["stored"], ["ready"])
    assert len(phone.paths("photos")) == 2


def test_a_photo_that_changed_on_its_way_is_sent_again(phone: Phone, network: Network) -> None:
    phone.run("await save({note: 'x'}, given)", picture())
    network.garble("/photos/")
    phone.run(SEND)
    [photo] = phone.run("return (await store.notes())[0].photos")
    if photo["state"] == "kept":  # else a sign of life has sent it again already
        assert (photo["problem"]["code"], photo["problem"]["final"]) == ("digest-mismatch", False)
    phone.run(SEND)
    assert phone.phases() == ["sent"]


def test_a_photo_that_changed_on_the_phone_is_declared_anew(phone: Phone) -> None:
    note = phone.run("return save({note: 'x'}, given)", picture())
    phone.run(
        """const db = await new Promise((resolve) => {
          indexedDB.open("tryghedsvandring").onsuccess = ({target}) => resolve(target.result);
        });
        const bytes = Uint8Array.from(atob(given[1]), (letter) => letter.charCodeAt(0)).buffer;
        await new Promise((resolve) => {
          const tx = db.transaction("bytes", "readwrite");
          tx.objectStore("bytes").put(bytes, given[0]);
          tx.oncomplete = resolve;
        });""",
        note["photos"][0]["id"],
        picture(colour=(200, 200, 9)),
    )
    phone.run(SEND)
    assert phone.phases() == ["sent"]
    [held] = on_the_server(phone)
    assert held["rev"] == 2
    assert [photo["id"] for photo in held["photos"]] != [note["photos"][0]["id"]]


def test_an_edit_made_while_the_words_were_on_their_way_goes_too(phone: Phone, network: Network) -> None:
    note = phone.run("return save({note: 'første'})")

    def edited_meanwhile(route: Any) -> None:
        response = route.fetch()
        phone.page.evaluate("(id) => phone.edit(id, {note: 'anden'})", note["id"])
        route.fulfill(response=response)

    network._rule(r"/observations/[^/]+$", edited_meanwhile, 1)
    phone.run(SEND)
    [held] = on_the_server(phone)
    assert (held["rev"], held["note"]) == (2, "anden")
    assert sum(path.endswith("/known") for _, path in phone.sent) == 1  # known by the phone, not found missing later


def test_the_phones_own_idea_of_being_offline_is_not_believed(phone: Phone) -> None:
    phone.run("Object.defineProperty(navigator, 'onLine', {get: () => false}); await save({note: 'x'}); sync.start()")
    wait_until(phone, "sync.status().confirmed")
    assert phone.phases() == ["sent"]


def test_two_tabs_send_each_note_once(
    phone: Phone, context: BrowserContext, phone_on: Any, shared_server: Server
) -> None:
    other: Phone = phone_on(context.new_page(), shared_server)
    for tab in (phone, other):
        tab.run("sync.start()")
    phone.run("for (let n = 0; n < 10; n++) await save({note: `note ${n}`})")
    wait_until(phone, SENT)
    wait_until(other, SENT)
    assert len(phone.paths("observations")) + len(other.paths("observations")) == 10


def test_the_button_does_not_wait_for_a_tab_that_fell_asleep(
    phone: Phone, context: BrowserContext, phone_on: Any, shared_server: Server
) -> None:
    asleep: Phone = phone_on(context.new_page(), shared_server)
    asleep.page.route("**/healthz", lambda _route: None)
    with asleep.page.expect_request("**/healthz"):
        asleep.page.evaluate("() => void phone.sync.sendNow()")
    phone.run("await save({note: 'x'})")
    phone.run(SEND)
    assert phone.phases() == ["sent"]


def test_a_note_deleted_before_it_was_sent_never_leaves_the_phone(phone: Phone) -> None:
    note = phone.run("return save({note: 'fortrudt'})")
    phone.run("await store.deleteNote(given[0])", note["id"])
    assert phone.run(SEND)["confirmed"]
    assert phone.paths("observations") == []


def test_a_note_deleted_after_its_reply_was_lost_is_deleted_there_too(phone: Phone, network: Network) -> None:
    note = phone.run("return save({note: 'fortrudt'})")
    network.lose_reply(r"/observations/")
    phone.run(SEND)
    phone.run("await store.deleteNote(given[0])", note["id"])
    assert phone.run("return store.unsent()") == {"notes": 1, "photos": 0}
    phone.run(SEND)
    [held] = on_the_server(phone)
    assert held["deleted"]


def test_a_closed_walk_still_takes_what_its_walkers_have(phone: Phone, shared_server: Server, code: str) -> None:
    phone.run("await save({note: 'sent hjemme'}, given)", picture())
    shared_server.tryg("walk", "close", code)
    phone.run(SEND)
    assert phone.phases() == ["sent"]
    assert phone.run("return (await store.joined()).walk.state") == "closed"


def test_an_unchanged_walk_is_not_sent_again(phone: Phone) -> None:
    phone.run(SEND)
    assert phone.run("return (await store.joined()).etag")
    with phone.page.expect_response(re.compile(r"/walks/[^/]+$")) as answer:
        phone.run(SEND)
    assert answer.value.status == 304


def test_a_server_killed_in_mid_upload_gets_everything_after_its_restart(
    page: Page, start_server: Callable[..., Server], phone_on: Any
) -> None:
    server = start_server()
    code = server.tryg("walk", "create", "--title", "Aften")["code"]
    phone: Phone = phone_on(page, server)
    phone.run("await join(given[0])", code)
    colours = [picture(1200, 900, (n, 200 - n, 30)) for n in range(6)]
    phone.run("for (const photo of given[0]) await save({note: 'x'}, [photo])", colours)
    phone.run("sync.start()")
    wait_until(phone, "(await store.unsent()).notes < 4")
    server.kill()
    wait_until(phone, "!sync.status().sending")
    threading.Thread(target=server.start).start()
    wait_until(phone, f"(await sync.sendNow(), {SENT})")
    held = on_the_server(phone)
    assert len(held) == 6
    assert all(photo["state"] != "expected" for one in held for photo in one["photos"])


def test_a_phone_that_slept_while_a_screen_was_drawn_draws_again_as_soon_as_it_wakes(phone: Phone) -> None:
    phone.page.clock.install()
    phone.run(
        "globalThis.drawn = 0; const draw = dom.calmly(() => { drawn += 1; return new Promise((done) => { wake = done; }); });"
        "globalThis.wake = null; draw(); draw()"
    )
    phone.page.clock.fast_forward("08:00:00")
    phone.run("wake()")
    phone.page.wait_for_function("() => globalThis.drawn === 2")


def tellings(phone: Phone) -> int:
    """How often it said so far what it still holds."""
    phone.run("")  # which brings the browser's news of what it has sent
    return len(phone.paths("outbox"))


def test_the_phone_says_what_it_still_holds_and_when_all_has_gone_but_not_again_and_again(
    phone: Phone, network: Network, shared_server: Server
) -> None:
    key = phone.run("return (await store.joined()).participant_id")

    def told(times: int, notes: int, photos: int) -> None:
        """Is the server told, beside the rounds, that this phone still holds so much, after so many tellings in all?"""

        def so() -> bool:
            asked = "SELECT waiting_notes, waiting_photos FROM participant WHERE id = :key"
            return shared_server.rows(asked, key=key) == [(notes, photos)]

        until(so)
        assert tellings(phone) == times

    phone.run(SEND)
    told(1, 0, 0)
    phone.run(SEND)
    told(1, 0, 0)
    refused = {"type": "/problems/invalid", "title": "x", "status": 422, "detail": "Noget kan ikke passe."}
    network.answer(r"/observations/", 422, refused)
    phone.run("await save({note: 'x'}, given)", picture())
    phone.run(SEND)
    told(2, 1, 1)
    phone.run("await save({note: 'y'})")
    phone.run(SEND)
    told(3, 0, 0)


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_that_does_not_ask_what_a_phone_holds_is_no_trouble(
    phone: Phone, network: Network, status: int
) -> None:
    unknown = {"type": "/problems/not-found", "title": "x", "status": status, "detail": "Findes ikke."}
    network.answer("/outbox$", status, unknown, times=9)
    phone.run("await save({note: 'x'})")
    said = phone.run(SEND)
    assert (said["confirmed"], said["last_problem"], phone.phases()) == (True, None, ["sent"])
    until(lambda: tellings(phone))
    phone.run(SEND)
    phone.run(SEND)
    assert tellings(phone) == 1
