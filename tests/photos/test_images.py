"""What is kept of a photo: its pixels, the right way up, in the colours they were seen in, and nothing else."""

import re

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from app.photos import images
from app.sync.protocol import PHOTO_EDGE, PHOTO_PIXELS
from tests.photos.pictures import (
    SECRETS,
    as_held,
    bomb,
    exif,
    full_of_metadata,
    heic,
    looks_like_the_scene,
    noise,
    opened,
    saved,
    scene,
)


def clean(data: bytes) -> images.Clean:
    return images.clean(data, PHOTO_EDGE, PHOTO_PIXELS)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_however_the_phone_was_held_the_picture_is_upright(kind: str, orientation: int) -> None:
    held = as_held(orientation)
    assert orientation == 1 or not looks_like_the_scene(held)
    kept = clean(saved(held, kind, exif=exif(orientation), quality=95))
    assert (kept.width, kept.height) == opened(kept.jpeg).size == (96, 64)
    assert looks_like_the_scene(opened(kept.jpeg))
    assert looks_like_the_scene(opened(kept.thumbnail))


def test_a_heic_photo_becomes_an_upright_jpeg() -> None:
    for orientation in (1, 6):
        kept = clean(heic(as_held(orientation).resize((960, 640) if orientation == 1 else (640, 960)),
                          exif=exif(orientation).tobytes()))  # fmt: skip
        assert opened(kept.jpeg).format == "JPEG"
        assert (kept.width, kept.height) == (960, 640)
        assert looks_like_the_scene(opened(kept.jpeg))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_no_byte_of_metadata_is_in_what_is_kept(kind: str) -> None:
    received = full_of_metadata(kind)
    assert sum(secret in received for secret in SECRETS) >= 4  # they were there
    kept = clean(received)
    for data in (kept.jpeg, kept.thumbnail):
        assert not [secret for secret in SECRETS if secret in data]
        assert markers(data) <= {0xD8, 0xE0, 0xDB, 0xC0, 0xC4, 0xDA}  # no APP1 to APP15, no comment
        assert data.endswith(b"\xff\xd9")
        assert data.count(b"\xff\xd9") == 1  # nothing follows the picture
    assert looks_like_the_scene(opened(kept.jpeg))


def markers(jpeg: bytes) -> set[int]:
    """The markers of a JPEG up to its scan."""
    found, at = {jpeg[1]}, 2
    while 0xDA not in found:
        found.add(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    return found


def test_large_photos_are_shrunk_and_small_ones_are_not_blown_up() -> None:
    large, tall, small = clean(saved(scene(4000, 3000))), clean(saved(scene(300, 5000))), clean(saved(scene(20, 10)))
    assert opened(large.jpeg).size == (large.width, large.height) == (2048, 1536)
    assert opened(tall.jpeg).size == (123, 2048)
    assert opened(small.jpeg).size == (20, 10)
    assert max(opened(large.thumbnail).size) == 320


def test_a_photo_is_kept_as_fine_as_it_came_and_becomes_no_larger() -> None:
    street = noise(400, 300).convert("L").resize((800, 600), Image.Resampling.BICUBIC).convert("RGB")
    for quality in (57, 80, 85):
        came = saved(street, quality=quality)
        kept = clean(came).jpeg
        assert len(kept) < len(came) * 1.01, quality
        lost = ImageStat.Stat(ImageChops.difference(opened(came), opened(kept)))
        assert max(lost.rms) < 2, quality
        assert len(images.blurred(kept, [(0.1, 0.1, 0.3, 0.3)]).jpeg) < len(kept), "nor is a blurred one larger"


def test_a_photo_coarsened_by_other_rules_is_kept_a_little_finer_and_none_finer_than_is_seen() -> None:
    street = scene(400, 300)

    def step(came: bytes) -> int:
        """How coarse brightness is in what is kept."""
        return sum(opened(clean(came).jpeg).quantization[0])  # type: ignore[attr-defined]

    plain = {quality: step(saved(street, quality=quality)) for quality in (10, 45, 60, 85, 95)}
    assert plain[95] == plain[85] < plain[60]
    assert plain[10] == plain[45], "what came very coarse is not coarsened as much again"
    evenly = saved(street, qtables=[[40] * 64, [40] * 64])
    assert plain[85] < step(evenly) < sum(opened(evenly).quantization[0])  # type: ignore[attr-defined]


def test_the_thumbnail_of_the_busiest_picture_is_small_too() -> None:
    assert len(clean(saved(noise(2000, 1500), quality=95)).thumbnail) <= 20_000


def test_colours_look_as_they_did_under_another_profile() -> None:
    lab = ImageCms.createProfile("LAB", 5000)
    profile = ImageCms.ImageCmsProfile(lab).tobytes()
    srgb = ImageCms.createProfile("sRGB")
    in_lab = ImageCms.profileToProfile(scene(), srgb, lab, outputMode="LAB")
    assert in_lab is not None
    back = images._as_srgb(in_lab, profile)
    assert looks_like_the_scene(back)


def test_a_broken_colour_profile_is_passed_over() -> None:
    assert looks_like_the_scene(opened(clean(saved(scene(), icc_profile=b"no profile at all" * 20)).jpeg))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_way_to_store_pixels_gives_a_picture(mode: str) -> None:
    source = Image.linear_gradient("L").resize((64, 64))
    if mode == "I;16":
        picture = source.convert("I").point(lambda grey: grey * 257).convert("I;16")
    else:
        picture = source.convert("RGB").convert(mode) if mode in {"P", "CMYK"} else source.convert(mode)
    kept = opened(clean(saved(picture, "JPEG" if mode == "CMYK" else "PNG")).jpeg)
    assert kept.mode == "RGB"
    top, bottom = kept.getpixel((32, 2)), kept.getpixel((32, 61))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert sum(top) < 120
    assert sum(bottom) > 640


def test_what_is_transparent_becomes_white() -> None:
    glass = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    assert opened(clean(saved(glass, "PNG")).jpeg).getpixel((20, 20)) == (255, 255, 255)


def test_broken_exif_does_not_cost_the_photo() -> None:
    whole = saved(scene(), exif=exif(6), quality=95)
    at = whole.index(b"Exif\0\0") + 6
    for broken in (b"XXXXXXXX", b"II*\0\xff\xff\xff\x7f", b"MM\0*\0\0\0\x08\xff\xff"):
        data = whole[:at] + broken + whole[at + len(broken) :]
        assert sorted(opened(clean(data).jpeg).size) == [64, 96]  # turned where that could still be read


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_half_a_photo_is_no_picture(kind: str) -> None:
    whole = saved(noise(200, 150), kind)
    with pytest.raises(images.NoPicture):
        clean(whole[: len(whole) // 2])


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\xff\xd8\xff" + bytes(range(256)) * 9,
                                  b"\x89PNG\r\n\x1a\n" + b"x" * 500, b"RIFF\0\0\0\0WEBPVP8 ", b"GIF89a" + b"\0" * 90,
                                  b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + b"\0" * 400])  # fmt: skip
def test_what_only_begins_as_a_photo_is_no_picture(data: bytes) -> None:
    with pytest.raises(images.NoPicture):
        clean(data)


def test_a_bomb_is_not_decoded() -> None:
    with pytest.raises(images.NoPicture, match="100000000 pixels"):
        clean(bomb())


def test_without_its_decoder_a_heic_photo_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = heic(scene())
    monkeypatch.setattr(images, "pillow_heif", None)
    with pytest.raises(images.Trouble, match=re.escape("pillow-heif is not installed")):
        clean(photo)
    assert clean(saved(scene()))


def test_want_of_memory_is_never_the_photos_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(scene())

    def starve(_file: object, **_more: object) -> None:
        raise OSError("out of memory error when reading image file")

    monkeypatch.setattr(images.Image, "open", starve)
    with pytest.raises(images.Trouble):
        clean(data)


def test_a_photo_that_is_shrunk_is_kept_fine_however_coarse_it_came() -> None:
    """Its details are smaller than they were: coarsened as much again, they would be gone."""
    large, small = (saved(scene(width, width), quality=60) for width in (2 * PHOTO_EDGE, 400))
    steps = [sum(opened(clean(one).jpeg).quantization[0]) for one in (large, small)]  # type: ignore[attr-defined]
    assert steps[0] < steps[1]
