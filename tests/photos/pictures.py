"""Pictures for the tests, made here: of every kind, turned every way, harmless and harmful; and waiting for cleaning."""

import io
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import IFDRational

from app.photos.vault import Vault

# Words that stand in the metadata of the pictures made here, and must stand nowhere afterwards.
SECRETS = [b"Exif", b"PRIVATE-MAKER", b"PRIVATE-XMP", b"PRIVATE-COMMENT", b"PRIVATE-TRAILER", b"http://ns.adobe.com",
           b"ICC_PROFILE", b"Photoshop 3.0", b"PRIVATE-IPTC", b"acsp"]  # fmt: skip
CORNERS = {(0, 0): (220, 30, 30), (1, 0): (30, 200, 30), (0, 1): (40, 40, 220), (1, 1): (240, 220, 40)}


def scene(width: int = 96, height: int = 64) -> Image.Image:
    """Four quarters: red and green above, blue and yellow below."""
    picture = Image.new("RGB", (width, height))
    for (right, below), colour in CORNERS.items():
        box = (right * width // 2, below * height // 2, (right + 1) * width // 2, (below + 1) * height // 2)
        picture.paste(colour, box)
    return picture


def noise(width: int, height: int) -> Image.Image:
    """The hardest picture to pack."""
    return Image.merge("RGB", [Image.effect_noise((width, height), 120) for _band in range(3)])


def saved(picture: Image.Image, kind: str = "JPEG", **more: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **more)
    return file.getvalue()


def heic(picture: Image.Image, **more: Any) -> bytes:
    import pillow_heif

    file = io.BytesIO()
    pillow_heif.from_pillow(picture).save(file, quality=90, **more)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def looks_like_the_scene(picture: Image.Image) -> bool:
    """Whether the four quarters lie where they were seen."""
    small = picture.convert("RGB")
    for (right, below), colour in CORNERS.items():
        place = (small.width * (1 + 2 * right) // 4, small.height * (1 + 2 * below) // 4)
        if any(abs(a - b) > 24 for a, b in zip(small.getpixel(place), colour, strict=True)):  # type: ignore[arg-type]
            return False
    return True


def as_held(orientation: int) -> Image.Image:
    """The scene as a camera stores it that was held so that Exif says `orientation` (Exif 2.32, figure at tag 0x0112)."""
    undo = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}[orientation]  # fmt: skip
    return scene() if undo is None else scene().transpose(undo)


def exif(orientation: int = 1) -> Image.Exif:
    """Orientation, a place in Aalborg, and a maker's note."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = "PRIVATE-MAKER"
    place = tags.get_ifd(0x8825)
    place[1], place[2] = "N", (IFDRational(57), IFDRational(2), IFDRational(56))
    place[3], place[4] = "E", (IFDRational(9), IFDRational(55), IFDRational(18))
    tags.get_ifd(0x8769)[0x927C] = b"PRIVATE-MAKER" * 20
    return tags


def full_of_metadata(kind: str = "JPEG") -> bytes:
    """Exif with GPS, XMP, a colour profile, and where the kind has room: a comment, IPTC, bytes after the picture."""
    picture, xmp = scene(), b'<x:xmpmeta xmlns:x="adobe:ns:meta/">PRIVATE-XMP http://ns.adobe.com/</x:xmpmeta>'
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    if kind == "HEIF":
        return heic(picture, exif=exif().tobytes(), xmp=xmp) + b"PRIVATE-TRAILER"
    if kind == "PNG":
        text = PngInfo()
        text.add_text("Comment", "PRIVATE-COMMENT")
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        return saved(picture, kind, exif=exif(), icc_profile=profile, pnginfo=text) + b"PRIVATE-TRAILER"
    if kind == "WEBP":
        return saved(picture, kind, exif=exif(), icc_profile=profile, xmp=xmp, quality=95) + b"PRIVATE-TRAILER"
    plain = saved(picture, exif=exif(), icc_profile=profile, xmp=xmp, comment=b"PRIVATE-COMMENT", quality=95)
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x10PRIVATE-IPTC...."
    segment = b"\xff\xed" + (len(iptc) + 2).to_bytes(2) + iptc
    return plain[:2] + segment + plain[2:] + b"PRIVATE-TRAILER" + saved(picture, exif=exif())


def bomb(width: int = 10_000, height: int = 10_000) -> bytes:
    """A PNG of a hundred megapixels in some kilobytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + width)) for _row in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def files_of(vault: Vault) -> list[str]:
    """The names of all files of photos, wherever they lie: those that are kept, those being written, those that only pass."""
    local = [Path(vault.place[name]) for name in ("folder", "aside") if name in vault.place]
    lying = {path.name for folder in local for path in folder.rglob("*") if path.is_file()}
    return sorted(lying | {name.rpartition("/")[2] for name in vault.files()})


def bytes_of(vault: Vault) -> bytes:
    """Everything that is in any of those files."""
    local = [Path(vault.place[name]) for name in ("folder", "aside") if name in vault.place]
    lying = [path.read_bytes() for folder in local for path in folder.rglob("*") if path.is_file()]
    return b"".join([*lying, *(piece for name in vault.files() for piece in vault.stream(name))])


def until(happened: Callable[[], Any], within_s: float = 90.0) -> Any:
    """What `happened` gives once it gives something; fails after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not (found := happened()):
        assert time.monotonic() < deadline, f"it did not happen within {within_s:.0f} s"
        time.sleep(0.02)
    return found
