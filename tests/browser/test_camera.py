"""A photo from the phone's camera becomes small, upright and silent about where it was taken; nothing is thrown away."""

import base64
import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.browser.pocket import Phone

pytestmark = pytest.mark.once

RED, GREEN = (200, 30, 30), (30, 160, 60)
PREPARE = """const {buffer, ...told} = await camera.prepare(new Blob([Uint8Array.from(atob(given[0]), (c) => c.charCodeAt(0))]));
let text = ""; for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
return {...told, bytes: btoa(text)};"""


def photo(width: int, height: int, orientation: int = 1, kind: str = "JPEG", **saved: Any) -> bytes:
    """A grainy photo whose upper left quarter, seen upright, is red and the rest green, with a place in its EXIF."""
    grain = Image.effect_noise((width // 4, height // 4), 60).resize((width, height))
    image = Image.merge("RGB", [grain] * 3)
    upright = Image.blend(image, _two_colours(width, height), 0.7)
    turned = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    turn = turned[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8825).update({1: "N", 2: (57.0, 2.0, 55.0), 3: "E", 4: (9.0, 55.0, 18.0)})
    exif[0x010F] = "Telefonfabrikken"
    file = io.BytesIO()
    (upright.transpose(turn) if turn is not None else upright).save(file, kind, exif=exif, **saved)
    return file.getvalue()


def _two_colours(width: int, height: int) -> Image.Image:
    image = Image.new("RGB", (width, height), GREEN)
    ImageDraw.Draw(image).rectangle((0, 0, width // 2, height // 2), fill=RED)
    return image


def prepared(phone: Phone, data: bytes) -> tuple[dict[str, Any], bytes]:
    told = phone.run(PREPARE, base64.b64encode(data).decode())
    return told, base64.b64decode(told.pop("bytes"))


def is_red(image: Image.Image, x: float, y: float) -> bool:
    red, green, _ = image.convert("RGB").getpixel((int(image.width * x), int(image.height * y)))  # type: ignore[misc]
    return bool(red > green)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photo_is_turned_upright_and_shrunk_and_says_nothing_of_where_it_was_taken(
    phone: Phone, orientation: int
) -> None:
    told, data = prepared(phone, photo(1920, 2560, orientation, quality=90))
    assert told == {"type": "image/jpeg", "width": 1200, "height": 1600, "shrunk": True}
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size) == ("JPEG", (1200, 1600))
    assert [is_red(image, x, y) for x, y in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]] == [
        True, False, False, False,
    ]  # fmt: skip
    assert not image.getexif()
    assert b"Exif" not in data
    assert b"Telefonfabrikken" not in data


def test_even_a_very_detailed_photo_comes_out_small(phone: Phone) -> None:
    noise = Image.merge("RGB", [Image.effect_noise((2000, 1500), 255) for _ in range(3)])
    file = io.BytesIO()
    noise.save(file, "JPEG", quality=95)
    _told, data = prepared(phone, file.getvalue())
    assert len(data) < 1_200_000
    assert len(prepared(phone, photo(2560, 1920, quality=90))[1]) < 500_000


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_pictures_become_jpeg_whatever_they_are_called(phone: Phone, kind: str) -> None:
    told, data = prepared(phone, photo(400, 300, kind=kind))
    assert (told["type"], told["shrunk"], data[:3]) == ("image/jpeg", True, b"\xff\xd8\xff")
    assert Image.open(io.BytesIO(data)).size == (400, 300)


def test_what_is_see_through_becomes_white_paper_not_black(phone: Phone) -> None:
    file = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(file, "PNG")
    image = Image.open(io.BytesIO(prepared(phone, file.getvalue())[1]))
    assert image.getpixel((25, 25)) == (255, 255, 255)


def test_a_photo_this_phone_cannot_read_goes_as_it_is_named_by_its_bytes(phone: Phone) -> None:
    heic = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)
    told, data = prepared(phone, heic)
    assert told == {"type": "image/heic", "width": None, "height": None, "shrunk": False}
    assert data == heic
    broken = photo(64, 64)[:20] + bytes(100)
    told, data = prepared(phone, broken)
    assert (told["type"], told["shrunk"]) == ("image/jpeg", False)
    assert hashlib.sha256(data).digest() == hashlib.sha256(broken).digest()


def test_a_photo_cut_off_in_the_middle_is_not_lost(phone: Phone) -> None:
    whole = photo(1000, 800)
    told, data = prepared(phone, whole[: len(whole) * 2 // 3])
    assert told["type"] == "image/jpeg"
    assert len(data) > 1000


@pytest.mark.parametrize(("data", "reason"), [(b"", "empty"), (b"Dette er ikke et billede", "unknown")])
def test_a_file_that_is_no_photo_is_told_apart(phone: Phone, data: bytes, reason: str) -> None:
    told = phone.run(
        "return camera.prepare(new Blob([given[0]])).catch((failure) => [failure.name, failure.reason])", data.decode()
    )
    assert told == ["NotAPhoto", reason]


def test_photos_are_made_small_one_after_another_and_none_is_mixed_up(phone: Phone, tmp_path: Path) -> None:
    sizes = phone.run(
        """const files = await Promise.all([300, 200, 100].map(async (side) => {
          const canvas = new OffscreenCanvas(side, side);
          canvas.getContext("2d").fillRect(0, 0, side, side);
          return canvas.convertToBlob({type: "image/png"});
        }));
        return (await Promise.all([...files, new Blob(["x"])].map((file) => camera.prepare(file).catch(() => ({width: 0})))))
          .map(({width}) => width);"""
    )
    assert sizes == [300, 200, 100, 0]
