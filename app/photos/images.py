"""A photo as received in, a picture that may be shown out: turned, shrunk, in sRGB, without a byte of metadata.

Hides the imaging library. Promises that orientation is in the pixels, and that what is written is a plain JPEG built
from pixels alone, so that nothing of the file as received can be in it. NoPicture is said only where the bytes, all of
them in memory, cannot be decoded; whatever lacks memory or a decoder is Trouble. Runs in the worker's process alone.
"""

import ctypes
import io
import warnings
from dataclasses import dataclass
from functools import cache
from math import ceil, floor

from PIL import Image, ImageCms

from app.photos.header import kind_of, most_of, scans

try:
    import pillow_heif
except ImportError:  # an optional extra: without it HEIC photos wait
    pillow_heif = None  # type: ignore[assignment]

QUALITY = 85  # at most: a photo is kept as fine as it came, for finer it only becomes larger
_COARSE = 40
_LIKELY = 5  # finer than it came, where it was coarsened by other rules than ours: being coarsened twice shows
THUMBNAIL_BYTES = 20_000
_THUMBNAIL_STEPS = [(320, 80), (320, 50), (240, 35), (160, 35), (96, 35)]  # pixels, quality
_GAP = (
    1.0  # a thumbnail is made from means of whole pixels that are as small as it, or little larger: a tenth of the time
)
_SMOOTH = {"L", "RGB", "RGBA", "CMYK"}
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
_OURS = ("out of memory", "not available", "memory allocation")  # in an error of a decoder: no fault of the photo

_BAND_PIXELS = 2_000_000  # converted at a time: the large picture itself is the only large thing in memory
_SCANS = (
    100  # of a JPEG; the most patient encoders write about twenty, and each one may cost as much as a whole picture
)
_COEFFICIENT_BYTES = (
    310_000_000  # what a JPEG that comes in several scans keeps while it is decoded: 50 megapixels in full colour
)
_BLOCKS = 2  # of 16 MB, kept for the next picture: anew, they take as long as decoding
_LARGE_PIXELS = _BLOCKS * 4_000_000  # of four bytes; after a larger one, all of its memory could stay
Image.core.set_blocks_max(_BLOCKS)  # type: ignore[attr-defined]
if pillow_heif:
    pillow_heif.register_heif_opener(thumbnails=False)
    pillow_heif.options.DECODE_THREADS = 1


class NoPicture(Exception):
    """These bytes are no picture, or not a whole one."""


class Trouble(Exception):
    """The picture cannot be decoded here and now, which says nothing against it."""


@dataclass(frozen=True)
class Clean:
    """JPEGs: the picture and its thumbnail of 20 kB at most; `width` and `height` of the picture, in pixels."""

    jpeg: bytes
    thumbnail: bytes
    width: int
    height: int


def clean(received: bytes, edge: int, most_pixels: int) -> Clean:
    """The picture in `received`, its long edge at most `edge` pixels. More than `most_pixels` are not decoded.

    Raises NoPicture, Trouble, MemoryError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # broken EXIF is warned of, and costs no photo
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        picture, size = _decoded(received, edge, most_pixels)
        orientation, profile = _orientation(picture), picture.info.get("icc_profile")
        quality = _quality(picture) if max(size) <= edge else QUALITY
    was_large = _is_large(picture)
    picture = _shrunk(picture, edge)
    if was_large:
        _give_back()
    picture = _turned(_as_srgb(picture, profile), orientation)
    return Clean(_jpeg(picture, quality), _thumbnail(picture), *picture.size)


def blurred(jpeg: bytes, boxes: list[tuple[float, float, float, float]]) -> Clean:
    """The clean picture with nothing but its mean colour left in each of `boxes`: x, y, width, height, parts of 1 from the
    upper left. Without boxes the very bytes. Raises NoPicture, Trouble, MemoryError."""
    picture, _size = _decoded(jpeg, 2**16, 2**31)  # a clean one: whole, and small enough
    quality, picture = _quality(picture), picture.convert("RGB")
    for x, y, width, height in boxes:
        corners = (x * picture.width, y * picture.height, (x + width) * picture.width, (y + height) * picture.height)
        left, upper, right, lower = (round(edge) for edge in corners)
        right, lower = min(max(right, left + 1), picture.width), min(max(lower, upper + 1), picture.height)
        mean = picture.crop((left, upper, right, lower)).resize((1, 1), Image.Resampling.BOX)
        picture.paste(mean.resize((right - left, lower - upper)), (left, upper))
    return Clean(_jpeg(picture, quality) if boxes else jpeg, _thumbnail(picture), *picture.size)


def _decoded(received: bytes, edge: int, most_pixels: int) -> tuple[Image.Image, tuple[int, int]]:
    """The picture, perhaps shrunk already, and its size as it came."""
    kind = kind_of(io.BytesIO(received))
    if kind == "image/heic" and pillow_heif is None:
        raise Trouble("pillow-heif is not installed (the extra named heic), so HEIC photos wait")
    Image.MAX_IMAGE_PIXELS = most_of(kind, most_pixels)  # what the library only warns of is an error here
    if kind == "image/jpeg":
        _refuse_costly(received)
    try:
        picture = Image.open(io.BytesIO(received), formats=_FORMATS)
        if picture.width * picture.height > Image.MAX_IMAGE_PIXELS:
            raise NoPicture(f"{picture.width} x {picture.height} pixels")
        size = picture.size
        picture.draft(None, (edge, edge))  # a large JPEG is decoded at half its size or less: less memory, same result
        if _is_large(picture):
            _give_back()
        picture.load()
    except (NoPicture, MemoryError):
        raise
    except Exception as refused:  # decoders raise whatever they like for bytes that are no picture
        if any(words in str(refused).lower() for words in _OURS):
            raise Trouble(str(refused)) from refused
        raise NoPicture(f"{type(refused).__name__}: {refused}") from refused
    return picture, size


def _is_large(picture: Image.Image) -> bool:
    return picture.width * picture.height > _LARGE_PIXELS


def _give_back() -> None:
    """What is kept for a next picture, and what the C library keeps where one of its pages is still in use (malloc_trim(3))."""
    Image.core.clear_cache()  # type: ignore[attr-defined]
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def _refuse_costly(received: bytes) -> None:
    """A JPEG in many scans is decoded again and again, whole, and kept in memory meanwhile. Raises NoPicture."""
    found = scans(io.BytesIO(received))
    if found.parts > _SCANS:
        raise NoPicture(f"more than {_SCANS} scans")
    if found.parts > 1 and 2 * found.samples > _COEFFICIENT_BYTES:
        raise NoPicture(f"{found.samples} samples in several scans")


def _orientation(picture: Image.Image) -> int:
    """1 to 8 (Exif 2.32, tag 0x0112); 1 where it is missing or broken: the pixels are kept all the same."""
    try:
        return int(picture.getexif().get(0x0112, 1))
    except Exception:  # as above, for bytes that are no Exif
        return 1


def _quality(picture: Image.Image) -> int:
    """With which the picture is to be written, as fine as it came."""
    tables = getattr(picture, "quantization", None)
    if not tables or 0 not in tables:
        return QUALITY
    coarseness = sum(tables[0])
    quality = next((quality for quality in range(_COARSE, QUALITY) if _coarseness(quality) <= coarseness), QUALITY)
    return quality if coarseness == _coarseness(quality) else min(quality + _LIKELY, QUALITY)


@cache
def _coarseness(quality: int) -> int:
    """How much the library coarsens brightness at that quality: the sum of its table (ITU-T T.81, B.2.4.1)."""
    with Image.open(io.BytesIO(_jpeg(Image.new("RGB", (1, 1)), quality))) as written:
        return sum(written.quantization[0])  # type: ignore[attr-defined]


def _resizable(picture: Image.Image) -> Image.Image:
    """The same picture in a mode that can be shrunk smoothly: L, RGB, RGBA or CMYK."""
    if picture.mode in _SMOOTH:
        return picture
    if picture.mode.startswith("I"):  # 16 bits of grey
        return picture.convert("I").point(lambda grey: grey / 256).convert("L")
    if picture.mode == "P":
        return picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    if picture.mode in {"LA", "La", "PA", "RGBa"}:
        return picture.convert("RGBA")
    return picture.convert("L" if picture.mode in {"1", "F"} else "RGB")


def _flat(picture: Image.Image) -> Image.Image:
    """The same picture in L, RGB or CMYK, what is transparent on white."""
    return _on_white(_resizable(picture))


def _shrunk(picture: Image.Image, edge: int) -> Image.Image:
    """Flat, its long edge at most `edge`; band by band, so that the picture as decoded is the only large thing in memory."""
    if max(picture.size) <= edge:
        return _flat(picture)
    scale = max(picture.size) / edge
    size = max(1, round(picture.width / scale)), max(1, round(picture.height / scale))
    step = picture.height / size[1]
    rows, reach = (
        max(1, int(_BAND_PIXELS / picture.width / step)),
        ceil(3 * step) + 1,
    )  # Lanczos looks three steps around
    whole: Image.Image | None = None
    for top in range(0, size[1], rows):
        bottom = min(top + rows, size[1])
        first, last = max(0, floor(top * step) - reach), min(picture.height, ceil(bottom * step) + reach)
        band = _flat(picture.crop((0, first, picture.width, last)))
        within = (0.0, top * step - first, float(picture.width), min(bottom * step, picture.height) - first)
        part = band.resize((size[0], bottom - top), Image.Resampling.LANCZOS, within)
        whole = whole or Image.new(part.mode, size)
        whole.paste(part, (0, top))
    assert whole is not None  # a picture has a row
    return whole


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def _as_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB as screens take it where no profile says otherwise; a broken profile is passed over."""
    if profile:
        try:
            source = ImageCms.getOpenProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(picture, source, srgb, outputMode="RGB")
            return converted if converted is not None else picture
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _turned(picture: Image.Image, orientation: int) -> Image.Image:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return picture.transpose(turns[orientation]) if orientation in turns else picture


def _thumbnail(picture: Image.Image) -> bytes:
    """Of a picture in RGB. Each try begins with the one before, which is small already."""
    for edge, quality in _THUMBNAIL_STEPS:
        if max(picture.size) > edge:
            scale = edge / max(picture.size)
            size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
            picture = picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=_GAP)
        written = _jpeg(picture, quality)
        if len(written) <= THUMBNAIL_BYTES:
            break
    return written


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    """Built from the pixels alone: the library would copy a comment from `info`, which is emptied."""
    picture.info = {}
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=quality)
    return written.getvalue()
