"""What a WebKit phone keeps is enough: its system may empty the browser's cache while the walk is without a network."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from tests.browser import liar
from tests.browser.liar import Liar
from tests.browser.mapped import planned_with_map
from tests.browser.walking import Planned
from tests.browser.webkit.walker import Walker
from tests.running import Server

# Selenium 4 warns of its own doing.
pytestmark = pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning")

GROUND = "return Boolean(document.querySelector('.map[data-state=drawn] .maplibregl-ctrl-attrib'))"


@pytest.fixture
def planned(mapped: Server, tmp_path: Path) -> Planned:
    return planned_with_map(mapped, tmp_path)


def test_an_emptied_cache_takes_neither_the_map_nor_the_making_small_of_photos(walker: Walker, network: Liar) -> None:
    walker.sees("Kortet ligger på telefonen")
    network.tell(liar.resets)
    walker.killed(tidied=True)
    before = len(network.asked)
    walker.press("Kort")
    walker.phone.until(GROUND)
    walker.sees("OpenStreetMap")
    photo = io.BytesIO()
    Image.effect_noise((640, 480), 40).convert("RGB").save(photo, "JPEG")
    walker.begin("i mørke", base64.b64encode(photo.getvalue()).decode())
    walker.save()
    assert [path for _, path in network.asked[before:] if "/assets/" in path] == []
