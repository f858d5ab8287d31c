"""The app on a phone's home screen, in a Chromium with a profile: installable, shortcuts, photos shared into it, its badge, a
screen that stays lit, and the offer to install it, which comes after the first note and once."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.browser.releases import UPDATE, Releases, release_of
from tests.browser.walking import AT_THE_TUNNEL, Evening, Planned

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
# What this machine's system has none of: what it is told is written down.
SYSTEM = """
globalThis.told = { badge: [], lit: 0 };
Navigator.prototype.setAppBadge = async (count) => { told.badge.push(count); };
Navigator.prototype.clearAppBadge = async () => { told.badge.push(0); };
Object.defineProperty(Navigator.prototype, "wakeLock", { value: { request: async () => {
  const lock = new EventTarget();
  lock.released = false;
  lock.release = async () => {
    if (!lock.released) told.lit -= 1;
    lock.released = true;
  };
  document.addEventListener("visibilitychange", () => document.hidden && lock.release());
  told.lit += 1;
  return lock;
} } });
"""
OFFER = """() => {
  globalThis.asked = 0;
  const offer = new Event("beforeinstallprompt", { cancelable: true });
  offer.prompt = async () => { asked += 1; };
  offer.userChoice = Promise.resolve({ outcome: "accepted" });
  dispatchEvent(offer);
  return offer.defaultPrevented;
}"""
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  Object.defineProperty(document, "visibilityState", { value: hidden ? "hidden" : "visible", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
# As Android does it: a page load by POST, of files that the app has never seen.
SHARE = """([action, photos]) => {
  const form = Object.assign(document.createElement("form"), { method: "post", action, enctype: "multipart/form-data" });
  const field = Object.assign(document.createElement("input"), { type: "file", name: "photos", multiple: true });
  const bag = new DataTransfer();
  for (const [name, bytes] of photos) bag.items.add(new File([new Uint8Array(bytes)], name, { type: "image/jpeg" }));
  field.files = bag.files;
  form.append(field);
  document.body.append(form);
  form.submit();
}"""
IN_FORCE = "async () => (await navigator.serviceWorker.getRegistration('/app/'))?.active?.state === 'activated'"
WAITING = "async () => (await (await caches.open('shared')).keys()).length"
KEPT = """async () => {
  const db = await new Promise((resolve) => {
    const asked = indexedDB.open("tryghedsvandring");
    asked.onsuccess = () => resolve(asked.result);
  });
  const all = await new Promise((resolve) => {
    const asked = db.transaction("bytes").objectStore("bytes").getAll();
    asked.onsuccess = () => resolve(asked.result);
  });
  db.close();
  return all.map((bytes) => [...new Uint8Array(bytes)]);
}"""


@pytest.fixture
def installed(
    playwright: Playwright, whole_browser_args: dict[str, Any], browser_context_args: dict[str, Any], tmp_path: Path
) -> Iterator[BrowserContext]:
    """A whole Chromium with a profile of its own, as one installs from."""
    context = playwright.chromium.launch_persistent_context(
        str(tmp_path / "profile"),
        **whole_browser_args,
        **{**browser_context_args, "permissions": ["geolocation"], "geolocation": AT_THE_TUNNEL},
    )
    context.add_init_script(SYSTEM)
    yield context
    context.close()


@pytest.fixture
def evening(planned: Planned, installed: BrowserContext) -> Evening:
    """A walker's evening in it; nobody has joined yet."""
    return Evening(planned, installed.pages[0])


def in_force(page: Page) -> None:
    page.wait_for_function(IN_FORCE)


def photo(colour: str) -> list[int]:
    """A JPEG that says where it was taken."""
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Skjult Kamera"
    Image.new("RGB", (2400, 1800), colour).save(file, "JPEG", exif=exif)
    assert b"Skjult" in file.getvalue()
    return list(file.getvalue())


def share(page: Page, *colours: str, site: str = "", policy: str = "") -> None:
    """From a page that is no part of the app, and under no policy of ours, as another app would; or of another `site`."""
    here = page.url.split("/app/")[0]
    elsewhere, to = f"{site or here}/gallery", f"{here}/app/share"
    body = f'<!doctype html><meta name="referrer" content="{policy}"><title>Galleri</title>'
    page.route(elsewhere, lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(elsewhere)
    page.evaluate(SHARE, [to, [[f"{colour}.jpg", photo(colour)] for colour in colours]])


@pytest.mark.once
def test_the_browser_finds_nothing_that_keeps_the_app_from_being_installed(evening: Evening) -> None:
    evening.join().ready()
    cdp = evening.page.context.new_cdp_session(evening.page)
    manifest = cdp.send("Page.getAppManifest")
    assert not manifest["errors"], manifest["errors"]
    told = json.loads(manifest["data"])
    assert (told["id"], told["scope"], told["lang"], told["dir"]) == ("/app/", "/app/", "da", "ltr")
    assert {one.get("purpose", "any") for one in told["icons"]} == {"any", "maskable", "monochrome"}
    assert {one["form_factor"] for one in told["screenshots"]} == {"narrow", "wide"}
    assert all(one["label"] for one in told["screenshots"])
    # In a window without guests, which a test's is not allowed to be by itself.
    errors = cdp.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [one for one in errors if one["errorId"] != "in-incognito"] == []


@pytest.mark.once
def test_a_shortcut_opens_a_new_note_and_leads_to_the_code_where_no_walk_was_joined(evening: Evening) -> None:
    page = evening.page
    shortcuts = {one["name"]: one["url"] for one in httpx.get(f"{evening.url}manifest.webmanifest").json()["shortcuts"]}
    assert set(shortcuts) == {"Ny note", "Kort", "Mine noter"}
    for url in shortcuts.values():
        page.goto(evening.server.url + url)
        expect(page.get_by_label("Kode", exact=True)).to_be_visible()
    evening.join().ready()
    page.goto("about:blank")
    evening.offline()
    page.goto(evening.server.url + shortcuts["Ny note"])
    expect(evening.button("Gem")).to_be_visible()
    expect(page.get_by_role("radio", name="Utryg", exact=True)).to_be_visible()
    page.goto("about:blank")
    page.goto(evening.server.url + shortcuts["Mine noter"])
    expect(page.locator("h1")).to_be_visible()
    evening.offline(False)


def test_photos_shared_from_the_gallery_come_into_a_new_note_without_a_network_and_without_their_metadata(
    evening: Evening,
) -> None:
    page = evening.join().ready().page
    in_force(page)
    share(page, "navy", "maroon")
    expect(page.locator(".shots li")).to_have_count(2)
    assert page.url == f"{evening.url}#/note/new"
    assert page.evaluate(WAITING) == 0
    for kept in page.evaluate(KEPT):
        assert b"Skjult" not in bytes(kept)
        with Image.open(io.BytesIO(bytes(kept))) as small:
            assert max(small.size) == 1600
    page.get_by_role("radio", name="Utryg", exact=True).check()
    evening.write("Delt fra galleriet").save()
    evening.received_at_last("Delt fra galleriet", 1)


@pytest.mark.once
def test_a_note_that_was_begun_keeps_its_words_and_gets_the_photos(evening: Evening) -> None:
    page = evening.join().ready().begin("Utryg").write("Begyndt før").page
    page.evaluate("() => location.hash = '#/walk'")
    expect(page.get_by_role("link", name="Skriv videre", exact=True)).to_be_visible()
    share(page, "navy")
    expect(page.locator(".shots li")).to_have_count(1)
    expect(page.get_by_role("textbox", name="Note", exact=True)).to_have_value("Begyndt før")


@pytest.mark.once
def test_photos_shared_before_a_walk_is_joined_wait_and_say_so(evening: Evening) -> None:
    page = evening.page
    page.goto(evening.url)
    in_force(page)
    share(page, "navy")
    expect(page.get_by_text("1 billede venter her.", exact=True)).to_be_visible()
    page.get_by_label("Kode", exact=True).fill(evening.walk["code"])
    page.get_by_role("button", name="Gå med", exact=True).click()
    expect(page.locator(".shots li")).to_have_count(1)
    assert page.evaluate(WAITING) == 0


@pytest.mark.parametrize("policy", ["", "no-referrer", "same-origin"])
def test_photos_that_a_page_of_another_site_sends_are_not_taken(evening: Evening, policy: str) -> None:
    page = evening.join().ready().page
    in_force(page)
    share(page, "navy", site=evening.server.url.replace("127.0.0.1", "localhost"), policy=policy)
    expect(page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
    assert page.evaluate(WAITING) == 0
    evening.begin("Utryg")
    expect(page.locator(".shots li")).to_have_count(0)


def test_photos_of_which_no_site_says_that_it_sends_them_are_taken_as_a_share_sheet_sends_them(
    evening: Evening,
) -> None:
    page = evening.join().ready().page
    in_force(page)
    to = f"{evening.url}share"
    page.goto("data:text/html,<title>Galleri</title>")
    page.evaluate(SHARE, [to, [["navy.jpg", photo("navy")]]])
    expect(page.locator(".shots li")).to_have_count(1)


@pytest.mark.once
def test_photos_that_wait_can_be_thrown_away(evening: Evening) -> None:
    page = evening.page
    page.goto(evening.url)
    in_force(page)
    share(page, "navy", "maroon")
    evening.button("Smid væk").click()
    expect(page.get_by_text("2 billeder venter her.", exact=True)).to_have_count(0)
    assert page.evaluate(WAITING) == 0
    evening.join()
    expect(page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()


@pytest.mark.once
def test_a_phone_whose_worker_is_not_there_yet_is_told_that_nothing_came_along(evening: Evening) -> None:
    page = evening.join().page
    page.evaluate("async () => (await navigator.serviceWorker.getRegistration('/app/')).unregister()")
    share(page, "navy")
    expect(evening.said).to_contain_text("Ikke alle billeder kom med.")
    expect(evening.button("Gem")).to_be_visible()
    expect(page.locator(".shots li")).to_have_count(0)
    assert "lost" not in page.url


def test_the_server_keeps_nothing_of_what_is_shared_however_large(evening: Evening) -> None:
    before = {path: path.stat().st_mtime_ns for path in evening.server.data.rglob("*") if "photo" in str(path)}
    files = {"photos": ("a.jpg", bytes(photo("navy")) + bytes(8_000_000), "image/jpeg")}
    answer = httpx.post(f"{evening.url}share", files=files, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/?lost#/shared")
    assert before == {path: path.stat().st_mtime_ns for path in evening.server.data.rglob("*") if "photo" in str(path)}


def test_the_icon_bears_the_count_of_unsent_notes_until_all_have_arrived(evening: Evening) -> None:
    page = evening.join().ready().offline().page
    for words in ("Den første", "Den anden"):
        evening.begin("Utryg").write(words).save()
    page.wait_for_function("() => told.badge.at(-1) === 2")
    evening.offline(False)
    evening.notes().button("Send nu").click()
    page.wait_for_function("() => told.badge.at(-1) === 0")


@pytest.mark.once
def test_the_screen_stays_lit_only_where_it_was_chosen_on_a_walk_and_while_the_app_is_in_front(
    evening: Evening,
) -> None:
    page = evening.join().ready().page
    assert page.evaluate("told.lit") == 0
    page.goto(f"{evening.url}#/help")
    choice = page.get_by_role("checkbox", name="Hold skærmen tændt, mens jeg går", exact=True)
    expect(choice).not_to_be_checked()
    choice.check()
    page.wait_for_function("() => told.lit === 1")
    page.evaluate(HIDE, True)
    page.wait_for_function("() => told.lit === 0")
    page.evaluate(HIDE, False)
    page.wait_for_function("() => told.lit === 1")
    page.reload()
    expect(choice).to_be_checked()
    page.wait_for_function("() => told.lit === 1")
    choice.uncheck()
    page.wait_for_function("() => told.lit === 0")


@pytest.mark.once
def test_installing_is_offered_after_the_first_note_and_never_again_once_it_was_declined(evening: Evening) -> None:
    page = evening.join().ready().page
    assert page.evaluate(OFFER) is True, "the browser's own bar is held back"
    offer = page.get_by_role("heading", name="Læg appen på hjemmeskærmen", exact=True)
    page.goto(f"{evening.url}#/notes")
    page.goto(f"{evening.url}#/walk")
    expect(page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
    expect(offer).to_have_count(0)
    evening.begin("Tryg").save()
    expect(offer).to_be_visible()
    evening.button("Ikke nu").click()
    expect(offer).to_have_count(0)
    evening.begin("Tryg").save()
    page.goto(f"{evening.url}#/help")
    expect(offer).to_be_visible()  # there it can always be found
    evening.button("Læg den der").click()
    page.wait_for_function("() => asked === 1")
    page.goto(f"{evening.url}#/walk")
    expect(page.get_by_role("link", name="Ny note", exact=True)).to_be_visible()
    expect(offer).to_have_count(0)


@pytest.mark.once
def test_an_iphone_is_told_first_the_app_then_the_code_and_which_code(
    planned: Planned,
    playwright: Playwright,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
) -> None:
    browser = playwright.chromium.launch(**browser_type_launch_args)
    page = browser.new_context(**{**browser_context_args, "user_agent": IPHONE}).new_page()
    page.goto(planned.walk["join_url"])
    code = planned.walk["code"]
    expect(page.get_by_role("heading", name="iPhone: først appen, så koden", exact=True)).to_be_visible()
    expect(page.locator("#join .steps li")).to_have_count(3)
    expect(page.locator("#join .steps li").last).to_contain_text(f"{code[:4]}\u2011{code[4:]}")
    expect(page.locator("#join .steps svg")).to_have_count(3)
    browser.close()


def test_an_installed_app_gets_a_new_release_and_still_takes_what_is_shared(
    installed: BrowserContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases = Releases(tmp_path, monkeypatch)
    for name in "AB":
        releases.build(name)
    releases.serve("A")
    releases.thread.start()
    try:
        page = installed.pages[0]
        page.goto(f"{releases.url}/app/")
        in_force(page)
        share(page, "navy")
        expect(page.get_by_text("1 billede venter her.", exact=True)).to_be_visible()
        assert release_of(page) == "A"
        releases.serve("B")
        assert page.evaluate(UPDATE) is True
        page.goto(f"{releases.url}/healthz")  # the app is closed, and opened again
        page.wait_for_function("async () => (await navigator.serviceWorker.getRegistration('/app/')).waiting === null")
        page.goto(f"{releases.url}/app/")
        page.wait_for_function("() => globalThis.release === 'B'")
        expect(page.get_by_text("1 billede venter her.", exact=True)).to_be_visible()
        share(page, "maroon")
        expect(page.get_by_text("2 billeder venter her.", exact=True)).to_be_visible()
    finally:
        releases.stop()
