"""The whole job, as people do it: a walk in airplane mode, and the report that comes of it.

A walker joins, goes offline, reloads, makes three notes (one with two photos of real size, one about a good place, one
without a place), loses the browser, comes back online and sees them sent; a coordinator reads them and takes them home. All
the while nobody but our server is asked for anything, and the walker gets no cookie.
"""

import csv
import io
import json
import os
import re
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import BrowserContext, BrowserType, Page, expect

from tests.running import Server

HERE = {"latitude": 57.0421, "longitude": 9.9815, "accuracy": 9}


def photo(path: Path, colour: tuple[int, int, int]) -> Path:
    """A photo as a phone takes it: 12 megapixels, lying on its side (orientation 6), with a position inside."""
    picture = Image.effect_noise((4032, 3024), 24).convert("RGB")
    ImageDraw.Draw(picture).rectangle((400, 400, 2000, 1500), fill=colour)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (57.0, 2.0, 31.0), 3: "E", 4: (9.0, 58.0, 53.0)})
    picture.save(path, "JPEG", quality=88, exif=exif)
    return path


class Walker:
    """A phone's browser with a profile that outlives it."""

    def __init__(self, chromium: BrowserType, launch: dict[str, Any], folder: Path, url: str) -> None:
        self.chromium, self.launch, self.folder, self.url = chromium, launch, folder, url
        self.context: BrowserContext | None = None
        self.asked: list[str] = []  # addresses

    def start(self, *, offline: bool = False) -> Page:
        self.context = self.chromium.launch_persistent_context(
            str(self.folder),
            **self.launch,
            viewport={"width": 390, "height": 844},
            has_touch=True,
            locale="da-DK",
            timezone_id="Europe/Copenhagen",
            geolocation=HERE,
            permissions=["geolocation"],
        )
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.context.set_offline(offline)
        return self.context.pages[0]

    def kill(self) -> None:
        """SIGKILL to every process of this profile, as a phone that runs out of power."""
        for process in Path("/proc").iterdir():
            try:
                line = (process / "cmdline").read_bytes() if process.name.isdigit() else b""
            except OSError:
                continue
            if str(self.folder).encode() in line:
                os.kill(int(process.name), signal.SIGKILL)
        self.context = None

    def close(self) -> None:
        if self.context:
            self.context.close()


@pytest.fixture
def walker(
    browser_type: BrowserType, whole_browser_args: dict[str, Any], server: Server, tmp_path: Path
) -> Iterator[Walker]:
    one = Walker(browser_type, whole_browser_args, tmp_path / "profile", server.url)
    yield one
    one.close()


def write(page: Page, valence: str, note: str = "", photos: list[Path] | None = None) -> None:
    page.get_by_role("link", name="Ny note").or_(page.get_by_role("button", name="Ny note")).first.click()
    page.get_by_role("radio", name=re.compile(f"^{valence}")).check(force=True)
    if note:
        page.get_by_role("button", name="Skriv", exact=True).click()
        page.get_by_role("textbox", name="Note", exact=True).fill(note)
    for number, path in enumerate(photos or [], start=1):
        page.locator("input[type=file]").last.set_input_files(str(path))
        expect(page.locator(".shots img:visible")).to_have_count(number)
    page.get_by_role("button", name="Gem", exact=True).click()
    expect(page.get_by_text("Gemt på telefonen").first).to_be_visible()


def test_three_notes_made_in_airplane_mode_are_read_in_the_report(
    walker: Walker, server: Server, page: Page, tmp_path: Path
) -> None:
    asked = walker.asked
    page.context.on("request", lambda request: asked.append(request.url))
    walk = server.tryg("walk", "create", "--title", "Aftenvandring i Aalborg Øst")
    assert walk["join_url"].endswith(f"/app/?walk={walk['code']}")

    phone = walker.start()
    phone.goto(walk["join_url"])
    phone.get_by_role("button", name="Gå med").click()
    expect(phone.get_by_text("Klar til at gå offline", exact=True)).to_be_visible()

    assert walker.context
    walker.context.set_offline(True)
    phone.reload()
    expect(phone.get_by_text("Klar til at gå offline", exact=True)).to_be_visible()

    pictures = [photo(tmp_path / "image.jpg", (200, 40, 40)), photo(tmp_path / "image2.jpg", (40, 200, 40))]
    write(phone, "Utryg", "Lampen ved tunnelen er slukket.", pictures)
    write(phone, "Tryg", "Her er altid nogen på bænken.")
    walker.context.set_geolocation(None)
    walker.context.clear_permissions()
    phone.reload()
    write(phone, "Både-og", "Et sted uden sted.")

    walker.kill()
    phone = walker.start(offline=True)
    walker.context.clear_permissions()
    phone.goto(f"{server.url}/app/")
    phone.get_by_role("link", name="Noter").click()
    for words in ("Lampen ved tunnelen", "Her er altid nogen", "Et sted uden sted"):
        expect(phone.get_by_text(words)).to_be_visible()

    walker.context.set_offline(False)
    phone.get_by_role("button", name="Send nu").click()
    expect(phone.get_by_text("sendt", exact=False).first).to_be_visible()
    expect(phone.locator("[data-phase=sent], [data-state=sent]")).to_have_count(3)

    assert walker.context.cookies() == [], "a walker gets no cookie"

    read_the_report(page, server, walk["walk_id"])
    ours = (f"{server.url}/", f"blob:{server.url}/", "data:", "about:")
    assert len(asked) > 30
    assert [address for address in asked if not address.startswith(ours)] == [], "nobody else hears of the evening"


def read_the_report(page: Page, server: Server, walk_id: str) -> None:
    user = server.tryg("user", "add", "tovholder@kommune.example", "--role", "coordinator")
    page.context.set_extra_http_headers({"Accept-Language": "da"})
    page.goto(user["sign_in_url"])
    page.get_by_role("button", name="Log ind").click()
    page.goto(f"{server.url}/walks/{walk_id}/report")
    for words in ("Lampen ved tunnelen er slukket.", "Her er altid nogen på bænken.", "Et sted uden sted."):
        expect(page.locator("#notes").get_by_text(words, exact=True)).to_be_visible()
    features = wait_until_ready(page, server, walk_id)
    assert sorted(feature["properties"]["valence"] for feature in features) == ["mixed", "safe", "unsafe"]
    with_photos = next(feature for feature in features if feature["properties"]["valence"] == "unsafe")
    assert len(with_photos["properties"]["photos"]) == 2
    assert with_photos["geometry"]["coordinates"] == pytest.approx([HERE["longitude"], HERE["latitude"]])
    assert next(f for f in features if f["properties"]["valence"] == "mixed")["geometry"] is None

    page.reload()
    expect(page.locator("img[src*='/api/v1/photos/']")).to_have_count(2)
    page.locator("tryg-map").scroll_into_view_if_needed()
    expect(page.locator("tryg-map canvas")).to_be_visible()

    table = page.request.get(f"{server.url}/walks/{walk_id}/report.csv").body()
    assert table.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    assert {row["note"] for row in rows} == {feature["properties"]["note"] for feature in features}

    with zipfile.ZipFile(io.BytesIO(page.request.get(f"{server.url}/walks/{walk_id}/report.zip").body())) as package:
        names = set(package.namelist())
        assert {"report.json", "observations.csv", "observations.geojson"} < names
        pictures = [package.read(name) for name in names if name.startswith("photos/")]
    assert len(pictures) == 2
    for data in pictures:
        picture = Image.open(io.BytesIO(data))
        assert picture.size == (1200, 1600), "turned upright and shrunk on the phone"
        assert not picture.getexif()
        assert b"Exif" not in data


def wait_until_ready(page: Page, server: Server, walk_id: str) -> list[dict[str, Any]]:
    """The report's features, once every photo is cleaned."""
    for _ in range(120):
        features: list[dict[str, Any]] = json.loads(
            page.request.get(f"{server.url}/walks/{walk_id}/report.geojson").text()
        )["features"]
        if all(photo["state"] == "ready" for feature in features for photo in feature["properties"]["photos"]):
            return features
        page.wait_for_timeout(250)
    raise AssertionError("the photos were not cleaned within 30 s")
