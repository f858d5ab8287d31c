"""The walk's map on WebKit, the engine of every iPhone: in the pocket, drawn there in airplane mode, gone with the walk."""

import json
from pathlib import Path

import pytest

from tests.browser import liar, terrain
from tests.browser.liar import Liar
from tests.browser.mapped import IN_POCKET, planned_with_map
from tests.browser.terrain import Picture, alike
from tests.browser.test_ground import ALONE, COLOUR, script
from tests.browser.walking import Planned
from tests.browser.webkit.running import eventually
from tests.browser.webkit.walker import Walker
from tests.running import Server

# Selenium 4 warns of its own doing.
pytestmark = pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning")


@pytest.fixture
def planned(mapped: Server, tmp_path: Path) -> Planned:
    return planned_with_map(mapped, tmp_path)


def on_screen(walker: Walker) -> Picture:
    """The map of what is in the pocket, over the whole screen."""
    plan = {"route": {"type": "LineString", "coordinates": terrain.ROUTE}, "stops": []}
    told = {"plan": json.dumps(plan), "credit": terrain.CREDIT}
    held = walker.phone.run(f"return ({IN_POCKET})()")
    walker.phone.run(f"return ({ALONE})(given)", script("js/elements/map.js"), held, told)
    walker.phone.until("return document.querySelector('tryg-map')?.getAttribute('state') === 'drawn'")
    assert walker.phone.run("return document.querySelector('.map-words').textContent") == ""
    driver = walker.phone.driver
    assert driver
    return Picture.of(driver.get_screenshot_as_png(), walker.phone.run("return innerWidth"))


def assert_looks_right(walker: Walker, picture: Picture) -> None:
    for place, name in ((terrain.LAKE, "water"), (terrain.HOUSE, "house"), (terrain.MEADOW, "green")):
        assert alike(picture.at(place)[0], tuple(walker.phone.run(f"return ({COLOUR})(given)", name, "screen")))


def test_the_walks_map_is_drawn_in_airplane_mode_as_it_was_online(walker: Walker, network: Liar) -> None:
    walker.sees("Kortet ligger på telefonen")
    online = on_screen(walker)
    assert_looks_right(walker, online)
    network.tell(liar.resets)
    walker.killed()
    walker.sees("Kortet ligger på telefonen")
    airplane = on_screen(walker)
    assert_looks_right(walker, airplane)
    assert airplane.image.size == online.image.size
    pairs = zip(online.image.get_flattened_data(), airplane.image.get_flattened_data(), strict=True)
    different = sum(not alike(one, other, 12) for one, other in pairs)
    assert different / (online.image.width * online.image.height) < 0.005


def test_a_kill_in_the_midst_of_the_download_leaves_no_half_a_map(walker: Walker, network: Liar) -> None:
    walker.sees("Kortet ligger på telefonen")
    walker.phone.run(
        """const db = await new Promise((done) => { indexedDB.open("tryghedsvandring").onsuccess = (it) => done(it.target.result); });
        const tx = db.transaction("kept", "readwrite");
        for (const key of ["map", "setting:map"]) tx.objectStore("kept").delete(key);
        await new Promise((done) => { tx.oncomplete = done; });
        db.close();"""
    )
    network.tell(liar.hangs, r"^/api/v1/maps/")
    network.asked.clear()
    walker.killed()
    eventually(lambda: any("/maps/" in path for _, path in network.asked), "the map is on its way")
    walker.sees("Ikke klar endnu")
    network.honest(hang_up=False)
    walker.killed()
    walker.sees("Kortet ligger på telefonen")
    assert_looks_right(walker, on_screen(walker))
