"""A photo is judged by its first bytes: what kind it is, and how many pixels it claims, without decoding anything."""

import io

import pytest
from PIL import Image

from app.photos import header
from tests.photos.pictures import bomb, exif, heic, saved, scene


def kind(data: bytes) -> str | None:
    return header.kind_of(io.BytesIO(data))


def pixels(data: bytes) -> int | None:
    file = io.BytesIO(data)
    found = header.kind_of(file)
    assert found
    return header.pixels(file, found)


def ftyp(*brands: bytes) -> bytes:
    body = brands[0] + b"\0\0\0\0" + b"".join(brands[1:])
    return (8 + len(body)).to_bytes(4) + b"ftyp" + body + b"\0" * 40


def test_every_accepted_kind_is_known_by_its_bytes() -> None:
    assert kind(saved(scene())) == "image/jpeg"
    assert kind(saved(scene(), "PNG")) == "image/png"
    assert kind(saved(scene(), "WEBP")) == "image/webp"
    assert kind(heic(scene())) == "image/heic"
    assert kind(ftyp(b"mif1", b"mif1", b"heic")) == "image/heic"
    assert kind(ftyp(b"mif1", b"mif1")) == "image/heic"
    assert kind(ftyp(b"msf1", b"hevc")) == "image/heic"


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff", b"hello", b"<html>", b"%PDF-1.7", b"GIF89a", b"BM6", b"II*\0", b"RIFF\0\0\0\0WAVE", b"\xff\xd8",
     ftyp(b"avif", b"mif1", b"miaf"), ftyp(b"mif1", b"avif"), ftyp(b"isom", b"mp42"), b"\0\0\0\x08ftyp", b"\0" * 600],
)  # fmt: skip
def test_anything_else_is_not_a_photo(data: bytes) -> None:
    assert kind(data) is None


@pytest.mark.parametrize("size", [(1, 1), (640, 480), (33, 2000)])
def test_the_header_tells_the_pixels(size: tuple[int, int]) -> None:
    picture, expected = Image.new("RGB", size, "navy"), size[0] * size[1]
    assert pixels(saved(picture)) == expected
    assert pixels(saved(picture, progressive=True, exif=exif(), comment=b"x" * 60_000)) == expected
    assert pixels(saved(picture, "PNG")) == expected
    assert pixels(saved(picture, "WEBP")) == expected
    assert pixels(saved(picture, "WEBP", lossless=True)) == expected
    assert pixels(saved(picture, "WEBP", exif=exif())) == expected  # the extended form


def test_the_header_of_a_heic_photo_tells_its_pixels() -> None:
    assert pixels(heic(Image.new("RGB", (1280, 962), "navy"))) == 1280 * 962


def test_a_bomb_says_so_itself() -> None:
    assert len(bomb()) < 200_000
    assert pixels(bomb()) == 100_000_000


@pytest.mark.parametrize("source", [saved(scene()), saved(scene(), "PNG"), saved(scene(), "WEBP"), heic(scene())])
def test_a_header_that_breaks_off_anywhere_is_no_reason_to_refuse(source: bytes) -> None:
    whole = pixels(source)
    for length in range(16, min(len(source), 900)):
        if kind(source[:length]):
            assert pixels(source[:length]) in (None, 0, whole)
