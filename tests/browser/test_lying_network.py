"""Captive portals and lying networks: what somebody else answers is never a receipt, and nothing waits once they stop.

One walker behind a network that lies in every way we know of. Each time a note with a photo stays queued, the screen says
so truly, a sign-in is told in plain words, and all of it arrives once, at once, when the network tells the truth again.
"""

import re
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserType, Page, expect

from tests.browser import liar
from tests.browser.liar import Liar, says
from tests.browser.walking import Evening, Planned
from tests.running import Server

HTML = "<!doctype html><title>Log på</title><h1>Velkommen til caféens net</h1><form><button>Log på</button></form>"
PORTAL = "Nettet vil have noget af dig først."
NOBODY = "Der er ikke net lige nu."
WAITS = "Gemt på telefonen · venter på net"

# What the network does, and what the button then says.
LIES: dict[str, tuple[liar.Lie, str]] = {
    "a sign-in page for everything": (says(200, HTML), PORTAL),
    "a sign-in page that calls itself JSON": (says(200, HTML, "application/json"), PORTAL),
    "a redirect to a portal": (says(302, Location="http://login.example/?next=1"), PORTAL),
    "a redirect to our own page": (says(307, Location="/"), PORTAL),
    "511 network authentication required": (says(511, HTML), PORTAL),
    "somebody else's JSON": (says(200, '{"ok":true}', "application/json"), PORTAL),
    "a JSON list": (says(200, "[]", "application/json"), PORTAL),
    "200 with nothing in it": (says(200, "", "application/json"), PORTAL),
    "304 that nobody asked for": (says(304), PORTAL),
    "404 of another server": (says(404, HTML), PORTAL),
    "a gateway without a server": (says(502, HTML), NOBODY),
    "half a compressed answer": (liar.half_a_gzip, ""),
    "a reset": (liar.resets, NOBODY),
    "a server that suddenly speaks TLS": (liar.speaks_tls, NOBODY),
}


@pytest.fixture(scope="module")
def network(shared_server: Server) -> Iterator[Liar]:
    network = Liar(shared_server.port).start()
    yield network
    network.stop()


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "image.jpg"
    Image.effect_noise((900, 700), 60).convert("RGB").save(path)
    return path


@pytest.fixture(scope="module")
def joined(
    planned: Planned, network: Liar, browser: Browser, browser_context_args: dict[str, Any]
) -> Iterator[Evening]:
    """A walker who reaches the server through `network` only, ready to go offline."""
    context = browser.new_context(**browser_context_args)
    walk = {**planned.walk, "join_url": planned.walk["join_url"].replace(planned.server.url, network.url)}
    evening = Evening(Planned(planned.server, walk, planned.key), context.new_page())
    yield evening.join().ready()
    context.close()


@pytest.fixture(autouse=True)
def truth_in_the_end(network: Liar) -> Iterator[None]:
    yield
    network.honest()


@pytest.fixture
def night(joined: Evening) -> Evening:
    """The same walker, with nothing unsent."""
    return joined


def write(night: Evening, words: str, photo: Path) -> None:
    night.page.goto(night.page.url.split("#")[0] + "#/walk")
    night.begin("Utryg").write(words).add_photos(photo).save().notes()


def newest(night: Evening) -> Any:
    return night.page.locator(".notes .state").first


def all_sent(night: Evening, words: str) -> None:
    expect(newest(night)).to_have_text("Sendt")
    expect(night.page.locator("h1")).to_contain_text("Alle er fremme")
    [feature] = night.received(words)
    assert len(feature["properties"]["photos"]) == 1


@pytest.mark.parametrize("lie", LIES)
def test_nothing_is_lost_and_nothing_is_called_sent_while_the_network_lies(
    night: Evening, network: Liar, photo: Path, lie: str
) -> None:
    network.tell(LIES[lie][0])
    write(night, lie, photo)
    expect(newest(night)).to_have_text(WAITS)
    night.button("Send nu").click()
    expect(night.said).to_contain_text(LIES[lie][1] or re.compile(f"{PORTAL}|{NOBODY}"))
    expect(newest(night)).to_have_text(WAITS)
    expect(night.page.locator("h1")).to_contain_text("1 på vej")
    assert night.received(lie) == []
    network.honest()
    night.page.evaluate("dispatchEvent(new Event('online'))")
    all_sent(night, lie)
    expect(night.said).not_to_contain_text(PORTAL)


def test_the_app_opens_behind_a_portal_and_keeps_nothing_of_it(night: Evening, network: Liar) -> None:
    network.tell(says(200, HTML, Cache_Control="max-age=3600"))
    night.page.goto(night.page.url.split("#")[0] + "#/walk")
    night.page.reload()
    expect(night.page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
    expect(night.said).to_contain_text(PORTAL)
    with night.page.expect_popup() as portal:
        night.button("Vis nettets side").click()
    expect(portal.value.locator("h1")).to_contain_text("Velkommen")
    portal.value.close()
    night.page.evaluate("navigator.serviceWorker.getRegistration('/app/').then((it) => it.update().catch(() => {}))")
    kept = night.page.evaluate(
        """async () => {
          const texts = [];
          for (const name of await caches.keys()) {
            const cache = await caches.open(name);
            for (const request of await cache.keys()) texts.push(await (await cache.match(request)).text());
          }
          return texts;
        }"""
    )
    assert len(kept) > 5
    assert not any("Velkommen" in text for text in kept)


def test_a_lie_about_the_notes_alone_is_no_receipt_either(night: Evening, network: Liar, photo: Path) -> None:
    for number, lie in enumerate(
        [says(200, HTML), says(201, '{"ok":true}', "application/json"), says(302, Location="/")]
    ):
        network.tell(lie, "/observations/")
        write(night, f"halv løgn {number}", photo)
        expect(newest(night)).to_contain_text("Kunne ikke sendes")
        network.honest()
        night.page.evaluate("dispatchEvent(new Event('online'))")
        all_sent(night, f"halv løgn {number}")


def test_an_answer_cut_off_in_the_middle_makes_no_second_note(night: Evening, network: Liar, photo: Path) -> None:
    network.tell(liar.cut_short, "/observations/")
    write(night, "halvt svar", photo)
    expect(newest(night)).to_contain_text("Kunne ikke sendes")
    assert len(night.received("halvt svar")) == 1  # the server has it, the phone does not know
    network.honest()
    night.button("Send nu").click()
    all_sent(night, "halvt svar")


@pytest.fixture
def clocked(joined: Evening, network: Liar, context: Any) -> Evening:
    """Another walker, whose clock can be put forward."""
    evening = Evening(joined.plan, context.new_page())
    evening.page.clock.install()
    return evening.join().ready()


def jot(night: Evening, words: str) -> None:
    """A note in words, saved; then the list."""
    night.page.goto(night.page.url.split("#")[0] + "#/walk")
    night.begin("Tryg").write(words).save().notes()


VISIBLE = "document.dispatchEvent(new Event('visibilitychange'))"


def test_what_hangs_ends_by_itself_and_does_not_hold_up_the_next_try(clocked: Evening, network: Liar) -> None:
    page = clocked.page
    network.tell(liar.hangs)
    jot(clocked, "hænger")
    clocked.button("Send nu").click()
    for _ in range(50):  # the try that the saving began, and the button's own, whenever each of them set out
        page.clock.fast_forward(9_000)
        if NOBODY in clocked.said.inner_text():
            break
        page.wait_for_timeout(200)
    expect(clocked.said).to_contain_text(NOBODY)
    expect(newest(clocked)).to_have_text(WAITS)
    for wake in ("button", "dispatchEvent(new Event('online'))", VISIBLE):
        network.tell(liar.hangs)
        jot(clocked, wake)
        asked = len(network.asked)
        page.evaluate(VISIBLE)
        for _ in range(100):
            if len(network.asked) > asked:
                break
            page.wait_for_timeout(100)
        assert len(network.asked) > asked
        page.clock.fast_forward(3_000)
        network.honest(hang_up=False)
        if wake == "button":
            clocked.button("Send nu").click()
        else:
            page.evaluate(wake)
        if wake == VISIBLE:  # it may be a slow network: what is under way has its time, and then it goes again at once
            page.clock.fast_forward(6_000)
        expect(newest(clocked)).to_have_text("Sendt")
        assert len(clocked.received(wake)) == 1


def test_however_long_the_network_was_gone_each_sign_of_life_sends_at_once(clocked: Evening, network: Liar) -> None:
    page = clocked.page

    ways = {
        "online": lambda: page.evaluate("dispatchEvent(new Event('online'))"),
        "visible": lambda: page.evaluate(VISIBLE),
        "pageshow": lambda: page.evaluate("dispatchEvent(new Event('pageshow'))"),
        "start": page.reload,
        "timer": lambda: page.clock.fast_forward(61_000),
        "button": lambda: clocked.button("Send nu").click(),
    }
    for name, wake in ways.items():
        network.tell(liar.resets)
        jot(clocked, f"vækket: {name}")
        for _ in range(8):  # so long that it would wait for minutes
            with page.expect_event("requestfailed", lambda request: "/healthz" in request.url):
                page.clock.fast_forward(301_000)
        expect(newest(clocked)).to_have_text(WAITS)
        network.honest()
        wake()
        expect(newest(clocked)).to_have_text("Sendt")
        assert len(clocked.received(f"vækket: {name}")) == 1


def test_nobody_joins_what_is_not_our_server(planned: Planned, network: Liar, page: Page) -> None:
    page.goto(planned.walk["join_url"].replace(planned.server.url, network.url))
    join = page.get_by_role("button", name="Gå med", exact=True)
    for lie in (says(200, HTML), says(302, Location="/"), says(200, '{"ok":true}', "application/json")):
        network.tell(lie)
        join.click()
        expect(page.get_by_role("alert")).to_contain_text(
            "Koden bliver stående. Måske skal du logge på det. Tryk så igen."
        )
        page.get_by_role("textbox", name="Kode").press("End")
    network.honest()
    join.click()
    expect(page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()


def certificate(folder: Path, name: str) -> tuple[Path, Path, str]:
    """A certificate that nobody vouches for, its key, and the sum by which a browser can be told to trust it."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    make += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(make, check=True, capture_output=True, timeout=60)
    sums = (
        "openssl x509 -pubkey -noout -in %s | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64"
    )
    told = subprocess.run(["sh", "-c", sums % cert], check=True, capture_output=True, text=True, timeout=60)
    return cert, key, told.stdout.strip()


@pytest.fixture
def trusted(
    planned: Planned,
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
    tmp_path: Path,
) -> Iterator[tuple[Evening, ssl.SSLContext, Liar]]:
    """A walker on https, whose browser trusts the certificate `ours` and no other."""
    cert, key, trust = certificate(tmp_path, "ours")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.minimum_version, tls.num_tickets = ssl.TLSVersion.TLSv1_3, 0  # each connection shows its certificate
    tls.load_cert_chain(cert, key)
    network = Liar(planned.server.port, tls).start()
    arguments = [*browser_type_launch_args["args"], f"--ignore-certificate-errors-spki-list={trust}"]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": arguments})
    walk = {**planned.walk, "join_url": planned.walk["join_url"].replace(planned.server.url, network.url)}
    page = browser.new_context(**browser_context_args).new_page()
    yield Evening(Planned(planned.server, walk, planned.key), page).join().ready(), tls, network
    browser.close()
    network.stop()


def test_a_certificate_that_is_not_ours_is_no_network(
    trusted: tuple[Evening, ssl.SSLContext, Liar], photo: Path, tmp_path: Path
) -> None:
    night, tls, network = trusted
    other, key, _ = certificate(tmp_path, "stranger")
    tls.load_cert_chain(other, key)
    asked = len(network.asked)
    write(night, "fremmed certifikat", photo)
    night.button("Send nu").click()
    expect(night.said).to_contain_text(NOBODY)
    night.page.reload()
    expect(newest(night)).to_have_text(WAITS)
    assert len(network.asked) == asked  # not a word went to it
    tls.load_cert_chain(tmp_path / "ours.pem", tmp_path / "ours.key")
    night.button("Send nu").click()
    all_sent(night, "fremmed certifikat")
