"""A backup leaves walks' maps out, and a restored server has the same ones again in a moment."""

from collections.abc import Callable
from pathlib import Path

import httpx

from tests.maps import ROUTE, helsinki
from tests.phone import Phone
from tests.photos.pictures import until
from tests.running import Server


def test_a_restored_walk_has_the_same_map_again(start_server: Callable[..., Server], tmp_path: Path) -> None:
    server = start_server(TRYG_BASEMAP=str(helsinki()))
    route = tmp_path / "route.geojson"
    route.write_text(f'{{"type": "LineString", "coordinates": {ROUTE}}}')
    code = server.tryg("walk", "create", "--title", "I parken", "--route", str(route))["code"]
    with httpx.Client(base_url=server.url) as http:
        phone = Phone(http, code).join()
        ask = f"/api/v1/walks/{phone.walk['id']}"
        before = until(lambda: http.get(ask, headers=phone.key).json()["basemap"])
    server.tryg("backup", str(tmp_path / "copy"))
    server.stop()

    restored = start_server(TRYG_BASEMAP=str(helsinki()), TRYG_BASE_URL=server.url)
    restored.tryg("restore", str(tmp_path / "copy"))
    with httpx.Client(base_url=restored.url) as http:
        at = before["url"].removeprefix(server.url)
        content = until(lambda: (there := http.get(at)).status_code == 200 and there.content)
        assert len(content) == before["bytes"]
        assert http.get(ask, headers=phone.key).json()["basemap"] == before
    assert not list((tmp_path / "copy").glob("**/*.pmtiles"))
