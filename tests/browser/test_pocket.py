"""The walk's own map on the phone: kept whole or not at all, beside its walk, and never in the way of notes."""

import hashlib
import json
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, Route, expect

from tests.browser import liar, terrain
from tests.browser.liar import Liar, Visit
from tests.browser.mapped import IN_POCKET, planned_with_map, ready_with_map, wait_for_map
from tests.browser.pocket import Phone
from tests.browser.terrain import Picture, alike
from tests.browser.test_ground import ALONE, COLOUR, script
from tests.browser.walking import Evening, plan
from tests.running import Server

WANTS = """const me = await store.joined();
  await store.updateWalk({ ...me.walk, basemap: given[0] }, null);
  return pocket.keep((await store.joined()).walk);"""
HELD = """const map = await pocket.held();
  return map && [map.sha256, map.buffer.constructor.name, map.buffer.byteLength, await ids.sha256(map.buffer)];"""


class Maps:
    """The maps that are to be had under /api/v1/maps/ on a page: `put()` one, `instead` of all of them something else."""

    def __init__(self, page: Page) -> None:
        self.files: dict[str, bytes] = {}
        self.instead: Callable[[Route], None] | None = None
        self.asked = 0
        page.route("**/api/v1/maps/*", self._hand_out)

    def put(self, file: bytes) -> dict[str, Any]:
        """What a walk says of this map."""
        name = hashlib.sha256(file).hexdigest()
        self.files[name] = file
        return {"url": f"https://other.example/api/v1/maps/{name}.pmtiles", "sha256": name, "bytes": len(file)}

    def _hand_out(self, route: Route) -> None:
        self.asked += 1
        if self.instead:
            return self.instead(route)
        name = route.request.url.rsplit("/", 1)[1].removesuffix(".pmtiles")
        return route.fulfill(body=self.files[name], content_type="application/vnd.pmtiles")


@pytest.fixture
def maps(phone: Phone) -> Maps:
    return Maps(phone.page)


def made_up(number: int, size: int = 100_000) -> bytes:
    """Something as large as a map; nobody draws it here."""
    return random.Random(number).randbytes(size)


def held(file: bytes) -> list[Any]:
    name = hashlib.sha256(file).hexdigest()
    return [name, "ArrayBuffer", len(file), name]


def test_a_map_is_kept_byte_for_byte_whatever_name_the_server_goes_by(phone: Phone, maps: Maps) -> None:
    assert phone.run("return pocket.held()") is None
    assert phone.run(WANTS, maps.put(made_up(1))) is True
    assert phone.run(HELD) == held(made_up(1))
    phone.open()
    assert phone.run(HELD) == held(made_up(1))
    assert phone.run(WANTS, maps.put(made_up(1))) is True
    assert maps.asked == 1, "it was here already"


BROKEN: dict[str, Callable[[Route], None]] = {
    "no network": lambda route: route.abort("connectionreset"),
    "half of it": lambda route: route.fulfill(body=made_up(2)[:50_000]),
    "one byte changed": lambda route: route.fulfill(body=b"?" + made_up(2)[1:]),
    "a sign-in page": lambda route: route.fulfill(body="<h1>Log på</h1>", content_type="text/html"),
    "sent elsewhere": lambda route: route.fulfill(status=302, headers={"Location": "/healthz"}),
    "gone": lambda route: route.fulfill(status=404, body="{}", content_type="application/problem+json"),
    "server down": lambda route: route.fulfill(status=503),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_changed_map_that_does_not_arrive_whole_leaves_the_one_before(phone: Phone, maps: Maps, what: str) -> None:
    phone.run(WANTS, maps.put(made_up(1)))
    maps.instead = BROKEN[what]
    assert phone.run(WANTS, maps.put(made_up(2))) is False
    assert phone.run(HELD) == held(made_up(1))
    phone.run("await save({note: 'gemt alligevel'})")
    kit = phone.run("return ready.check()")
    foreign = what in ("half of it", "one byte changed", "a sign-in page")
    assert kit["basemap"] is (None if foreign else False)
    assert ("ikke vandringens kort" if foreign else "kom ikke igennem") in kit["map"]
    maps.instead = None
    assert phone.run(WANTS, maps.put(made_up(2))) is True
    assert phone.run(HELD) == held(made_up(2))


def test_leaving_the_walk_takes_its_map_along(phone: Phone, maps: Maps) -> None:
    phone.run(WANTS, maps.put(made_up(1)))
    phone.run("await store.leave()")
    assert phone.run("return [await pocket.held(), await store.setting('map')]") == [None, None]


def test_a_map_that_arrives_after_the_walk_was_left_is_not_kept(phone: Phone, maps: Maps) -> None:
    left = threading.Event()
    here: list[Route] = []
    maps.instead = here.append
    wanted = maps.put(made_up(1))
    phone.page.evaluate(
        f"(given) => {{ const {{ store, pocket }} = phone; globalThis.done = (async () => {{ {WANTS} }})(); }}",
        [wanted],
    )
    phone.page.wait_for_function("() => true")
    for _ in range(100):
        if here:
            break
        phone.page.wait_for_timeout(20)
    phone.run("await store.leave()")
    here[0].fulfill(body=made_up(1))
    assert phone.page.evaluate("done") is False
    assert phone.run("return pocket.held()") is None
    left.set()


def test_it_looks_after_the_map_by_itself_and_says_how_it_is(phone: Phone, maps: Maps) -> None:
    assert phone.run("return (await ready.check()).basemap") is None
    maps.instead = BROKEN["no network"]
    wanted = maps.put(made_up(1))
    change = "const me = await store.joined(); await store.updateWalk({ ...me.walk, basemap: given[0] }, null);"
    phone.run(change, wanted)
    said = phone.run("return [(await ready.check()).map, (await ready.check()).basemap]")
    assert said[1] is False
    phone.run("await until(async () => (await ready.check()).map.includes('kom ikke igennem'), 10_000)")
    maps.instead = None
    phone.run("dispatchEvent(new Event('online')); await until(pocket.held, 10_000)")
    assert phone.run(HELD) == held(made_up(1))
    phone.run(change, maps.put(made_up(2)))
    phone.run("await until(async () => (await pocket.held()).sha256 === given[0], 10_000)", held(made_up(2))[0])


CHANGE = "const me = await store.joined(); await store.updateWalk({ ...me.walk, basemap: given[0] }, null);"


def test_whoever_left_the_walk_and_joins_again_gets_its_map_again(phone: Phone, maps: Maps, code: str) -> None:
    wanted = maps.put(made_up(1))
    phone.run(CHANGE, wanted)
    phone.run("await ready.check(); await until(pocket.held, 10_000)")
    phone.run("await store.leave(); await join(given[0])", code)
    maps.instead = BROKEN["no network"]
    phone.run(CHANGE, wanted)
    assert "plads" not in phone.run("return (await ready.check()).map")
    maps.instead = None
    phone.run("dispatchEvent(new Event('online')); await until(pocket.held, 10_000)")
    assert phone.run(HELD) == held(made_up(1))


BREAK_ONCE = """const { get } = IDBObjectStore.prototype;
  globalThis.broken = 0;
  IDBObjectStore.prototype.get = function (key) {
    if (key !== "setting:map" || globalThis.broken++ > 3) return get.call(this, key);
    throw new DOMException("not now", "DataError");
  };"""


def test_a_database_that_does_not_answer_once_keeps_no_map_away(phone: Phone, maps: Maps) -> None:
    phone.run(CHANGE, maps.put(made_up(1)))
    phone.run(BREAK_ONCE)
    assert phone.run("return (await ready.check()).basemap") is False
    phone.run("await until(async () => (await ready.check(), globalThis.broken > 3), 10_000)")
    phone.run("dispatchEvent(new Event('online')); await until(pocket.held, 10_000)")
    assert phone.run(HELD) == held(made_up(1))


Room = Callable[[int | None], None]


@pytest.fixture
def small_phone(
    playwright: Playwright,
    browser_type_launch_args: dict[str, Any],
    shared_server: Server,
    phone_on: Any,
    tmp_path: Path,
) -> Iterator[Phone]:
    """A phone whose room can be told: only a browser with a profile of its own minds it."""
    context = playwright.chromium.launch_persistent_context(str(tmp_path / "profile"), **browser_type_launch_args)
    yield phone_on(context.pages[0], shared_server)
    context.close()


@pytest.fixture
def room(small_phone: Phone, shared_server: Server) -> Room:
    """Says how many bytes the server's pages have on it; None: as many as there are."""
    devtools = small_phone.page.context.new_cdp_session(small_phone.page)

    def tell(size: int | None) -> None:
        quota = {} if size is None else {"quotaSize": size}
        devtools.send("Storage.overrideQuotaForOrigin", {"origin": shared_server.url, **quota})

    return tell


FILL = """let fits = 0;
  try {
    for (; fits < 20; fits++) {
      const bytes = new Uint8Array(655_360);
      for (let from = 0; from < bytes.length; from += 65_536) crypto.getRandomValues(bytes.subarray(from, from + 65_536));
      await store.addDraftPhoto(`draft ${fits}`, { buffer: bytes.buffer, type: "image/jpeg" });
    }
  } catch (failure) {
    if (failure.name !== "Full") throw failure;
  }
  return fits;"""


def test_on_a_phone_with_five_megabytes_free_the_map_makes_room_for_notes_and_says_so(
    small_phone: Phone, room: Room, code: str
) -> None:
    phone = small_phone
    room(5_000_000)
    phone.run("await i18n.chooseLanguage('da'); await join(given[0])", code)
    maps = Maps(phone.page)
    full = "Der er ikke plads til kortet. Noter klarer sig uden. Gør plads på telefonen, så bliver det hentet."
    assert phone.run(WANTS, maps.put(made_up(1, 5_500_000))) is False
    assert phone.run("const kit = await ready.check(); return [kit.basemap, kit.map]") == [None, full]
    phone.run("await save({note: 'gemt'})")
    assert phone.run(WANTS, maps.put(made_up(2, 1_900_000))) is True
    fits = phone.run(FILL)
    print(f"{fits} photos of 655 kB beside a map of 1.9 MB in 5 MB")
    assert fits * 655_360 > 5_000_000 - 1_900_000, "the map made room"
    assert phone.run("return pocket.held()") is None
    assert phone.run("return (await store.notes()).map((note) => note.content.note)") == ["gemt"]


WORKER = """const registration = await navigator.serviceWorker.register("/sw.js", { scope: "/app/" });
  await until(async () => registration.active, 20_000);"""


def test_the_maps_code_is_asked_for_later_and_later_where_it_does_not_come(
    page: Page, shared_server: Server, code: str, phone_on: Any
) -> None:
    network = Liar(shared_server.port).start()
    try:
        asked: list[str] = []

        async def counts(visit: Visit) -> None:
            asked.append(visit.path)
            await visit.answer(503, b"")

        network.tell(counts, r"/maplibre-gl-worker-")
        phone = phone_on(page, network)
        phone.run(f"{WORKER} await join(given[0])", code)
        phone.run(WANTS, Maps(page).put(made_up(1)))
        for _ in range(6):
            assert phone.run("return (await ready.check()).basemap") is False
        assert len(asked) in (1, 2), "a second time past the browser's own cache"
        network.honest()
        phone.run("dispatchEvent(new Event('online')); await until(async () => (await ready.check()).basemap, 30_000)")
    finally:
        network.stop()


def test_where_there_is_no_room_for_the_maps_code_the_phone_is_ready_without_it(
    small_phone: Phone, room: Room, code: str
) -> None:
    phone = small_phone
    phone.run(f"await i18n.chooseLanguage('da'); {WORKER} await join(given[0])", code)
    phone.run(WANTS, Maps(phone.page).put(made_up(1)))
    usage = phone.run("return (await navigator.storage.estimate()).usage")
    room(usage + 200_000)
    phone.run("await until(async () => (await ready.check()).map.includes('ikke plads til kortet'), 10_000)")
    assert phone.run("return (await ready.check()).basemap") is None
    room(None)
    phone.run("dispatchEvent(new Event('online')); await until(async () => (await ready.check()).basemap, 30_000)")


# With a real server's map, on the app's own page


def on_screen(page: Page) -> Picture:
    """The map of what is in the pocket, over the whole screen."""
    plan_ = {"route": {"type": "LineString", "coordinates": terrain.ROUTE}, "stops": []}
    told = {"plan": json.dumps(plan_), "credit": terrain.CREDIT}
    page.evaluate(ALONE, [script("js/elements/map.js"), page.evaluate(IN_POCKET), told])
    expect(page.locator("tryg-map[state=drawn]")).to_be_visible()
    expect(page.locator(".map-words")).to_be_empty()
    size = page.viewport_size
    assert size
    return Picture.of(page.screenshot(), size["width"])


OUR_LETTERS = """() => {
  const brush = document.createElement("canvas").getContext("2d");
  const width = (letters) => { brush.font = `16px ${letters}`; return brush.measureText("Mørkevej").width; };
  return width("'IBM Plex Sans Variable', monospace") !== width("monospace");
}"""


def in_our_letters(night: Evening) -> None:
    """Letters that are not there within 100 ms are not waited for (font-display: optional): on a slow machine the phone's own stand there."""
    for _time in range(20):
        ready_with_map(night)
        if night.page.evaluate(OUR_LETTERS):
            return
        night.page.reload()
    raise AssertionError("our letters never came in time")


def test_the_walks_map_is_drawn_in_airplane_mode_as_it_was_online(mapped: Server, page: Page, tmp_path: Path) -> None:
    page.emulate_media(color_scheme="light")
    night = ready_with_map(Evening(planned_with_map(mapped, tmp_path), page).join())
    in_our_letters(night)
    online = on_screen(page)
    night.offline()
    asked: list[str] = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto(night.url)
    expect(night.button("Gem").or_(page.get_by_role("link", name="Ny note", exact=True))).to_be_visible()
    in_our_letters(night)
    airplane = on_screen(page)
    assert airplane.image.size == online.image.size
    pairs = zip(online.image.get_flattened_data(), airplane.image.get_flattened_data(), strict=True)
    different = sum(not alike(one, other, 12) for one, other in pairs)
    assert different / (online.image.width * online.image.height) < 0.005
    for place, name in ((terrain.LAKE, "water"), (terrain.HOUSE, "house"), (terrain.MEADOW, "green")):
        assert alike(airplane.at(place)[0], tuple(page.evaluate(COLOUR, [name, "screen"])))
    night.offline(False)


def test_a_map_that_is_cut_after_somebody_has_joined_comes_by_itself(
    mapped: Server, page: Page, tmp_path: Path
) -> None:
    planned = plan(mapped, tmp_path)
    night = Evening(planned, page).join()
    wait_for_map(planned)
    page.reload()  # the walk is asked for at the start
    ready_with_map(night)


def test_a_download_that_is_cut_in_the_middle_is_told_and_made_good(mapped: Server, page: Page, tmp_path: Path) -> None:
    network = Liar(mapped.port).start()
    try:
        network.tell(liar.cut_short, r"^/api/v1/maps/")
        planned = planned_with_map(mapped, tmp_path)
        night = Evening(planned, page)
        page.goto(planned.walk["join_url"].replace(mapped.url, network.url))
        night.button("Gå med").click()
        expect(
            page.get_by_text(
                "Kortet kom ikke igennem. Noter klarer sig uden. Det bliver hentet igen, så snart der er net."
            )
        ).to_be_visible()
        expect(page.get_by_text("Ikke klar endnu")).to_be_visible()
        night.begin("Utryg").write("Noten er gemt uden kort").save()
        network.honest()
        page.evaluate("dispatchEvent(new Event('online'))")
        page.goto(f"{network.url}/app/#/walk")
        ready_with_map(night)
    finally:
        network.stop()


def test_what_draws_the_map_is_on_the_phone_before_it_says_that_the_map_is(
    mapped: Server, page: Page, tmp_path: Path
) -> None:
    ready_with_map(Evening(planned_with_map(mapped, tmp_path), page).join())
    kept = page.evaluate(
        """async () => {
          const { onDemand } = JSON.parse((await (await fetch("/sw.js")).text()).split("\\n")[0].slice(15, -1));
          return Promise.all(onDemand.map(async (url) => [url, Boolean(await caches.match(url))]));
        }"""
    )
    assert len(kept) > 4
    assert [url for url, there in kept if not there] == []
    assert any("maplibre" in url for url, _ in kept)
