"""The sender over a long evening: a clock that is put right, the next walk, a photo that proves unreadable only later."""

import base64
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from app.db import Database
from app.walks import walks
from tests.browser.pocket import Network, Phone, picture
from tests.browser.test_sync import SEND, SENT, on_the_server, wait_until
from tests.browser.walking import Evening
from tests.photos.pictures import until
from tests.running import Server


def test_a_note_of_the_next_walk_is_never_sent_in_the_name_of_the_last(phone: Phone, shared_server: Server) -> None:
    phone.run("await save({note: 'på den første'})")
    held: list[Any] = []
    phone.page.route("**/known", lambda route: held.append(route), times=1)
    with phone.page.expect_request("**/known"):
        phone.run("sync.start()")
    db = Database(shared_server.database)
    with db.write() as tx:
        next_code = walks.create(tx, "Næste aften").code
    db.close()
    phone.sent.clear()
    phone.run("await join(given[0]); await save({note: 'på den anden'})", next_code)
    held[0].continue_()
    wait_until(phone, SENT)
    assert [note["note"] for note in on_the_server(phone)] == ["på den anden"]
    assert len(phone.paths("observations")) == 1


def test_a_clock_that_is_put_right_keeps_no_phone_silent(phone: Phone, network: Network) -> None:
    phone.run("const now = Date.now; globalThis.ahead = 60 * 86_400_000; Date.now = () => now() + ahead;")
    busy = {"type": "/problems/try-again", "title": "x", "status": 503, "detail": "Serveren har travlt."}
    network.answer(r"/observations/", 503, busy, {"Retry-After": "2"})
    phone.run("await save({note: 'fra foråret'}); sync.start()")
    wait_until(phone, "(await store.notes())[0].problem && !sync.status().sending")
    phone.run("globalThis.ahead = 0;")
    wait_until(phone, SENT)
    wait_until(phone, "sync.status().next_try === null")
    assert [note["note"] for note in on_the_server(phone)] == ["fra foråret"]


def test_a_photo_that_turns_out_to_be_unreadable_is_called_so_and_asked_about_no_more(
    phone: Phone, shared_server: Server
) -> None:
    half = base64.b64encode(base64.b64decode(picture(1200, 900))[:3000]).decode()
    note = phone.run("return save({note: 'x'}, given)", half)
    phone.run(SEND)
    photo = note["photos"][0]["id"]
    state = f"SELECT state FROM photo WHERE id = '{photo}'"
    until(lambda: shared_server.rows(state) == [("unreadable",)])
    phone.run("sync.start()")
    wait_until(phone, "(await store.notes())[0].photos[0].state === 'unreadable'")
    wait_until(phone, "sync.status().confirmed && !sync.status().sending")
    asked = [path for method, path in phone.sent if path.endswith("/known")]
    phone.run(
        """const decided = new Promise((done) => sync.onStatus(({ sending }) => sending || done()));
        dispatchEvent(new Event("online"));
        await decided;"""
    )
    wait_until(phone, "!sync.status().sending")
    assert [path for method, path in phone.sent if path.endswith("/known")] == asked


def test_the_list_says_that_a_photo_could_not_be_read(night: Evening, tmp_path: Path) -> None:
    half = tmp_path / "half.jpg"
    half.write_bytes(base64.b64decode(picture(1200, 900))[:3000])
    night.join().begin("Utryg").write("Hullet i vejen").add_photos(half).save().notes()
    night.wait(lambda: night.server.rows("SELECT state FROM photo ORDER BY id DESC LIMIT 1") == [("unreadable",)])
    night.button("Send nu").click()
    told = "Et billede: Det er nået frem, men kunne ikke læses. Dine ord er gemt. Lav det igen, hvis du kan."
    expect(night.page.get_by_role("article").filter(has_text="Hullet i vejen")).to_contain_text(told)
    night.page.get_by_role("link", name="Ret eller slet", exact=True).click()
    expect(night.page.locator(".shots")).to_contain_text("Det er nået frem, men kunne ikke læses.")
