"""Pictures that are broken, odd or made to harm, and files that only say they are pictures: all made here, by code.

`photos()` gives each once, by name. Wherever a file has room for metadata it holds MARK, which must be on no disk afterwards.
Whole pictures are named `good …`: they must become ready. Nothing here decodes anything.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from PIL import Image, ImageCms, ImageDraw
from PIL.PngImagePlugin import PngInfo

from tests.photos.pictures import bomb, exif, full_of_metadata, heic, noise, saved, scene

MARK = b"PRIVATE-HOSTILE-MARK"
Files = Iterator[tuple[str, bytes]]
SOI, EOI = b"\xff\xd8", b"\xff\xd9"
MEGABYTE = 1024 * 1024


def photos() -> dict[str, bytes]:
    """Every file by its name."""
    found: dict[str, bytes] = {}
    for part in (
        _whole(),
        _modes(),
        _truncated(),
        _damaged(),
        _jpegs(),
        _pngs(),
        _webps(),
        _heics(),
        _others(),
        _lies(),
    ):
        for name, content in part:
            assert name not in found, name
            found[name] = content
    return found


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def box(name: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I", len(content) + 8) + name + content


def _marked_exif(orientation: int = 1) -> Image.Exif:
    tags = exif(orientation)
    tags[0x010E] = MARK.decode()
    return tags


def _jpeg(**more: Any) -> bytes:
    return saved(scene(), exif=_marked_exif(), comment=MARK, **more)


def _whole() -> Files:
    """Odd but right: each must be shown."""
    plain = _jpeg()
    for kind in ("JPEG", "PNG", "WEBP", "HEIF"):
        yield f"good full of metadata {kind}", full_of_metadata(kind)
    for orientation in (*range(9), 65535):
        yield f"good orientation {orientation}", saved(scene(), exif=_marked_exif(orientation))
    yield "good one pixel jpeg", saved(Image.new("RGB", (1, 1)))
    yield "good one pixel png", saved(Image.new("1", (1, 1)), "PNG")
    yield "good one pixel webp", saved(Image.new("RGB", (1, 1)), "WEBP")
    yield "good one line", saved(Image.new("RGB", (20_000, 1)))
    yield "good one column", saved(Image.new("L", (1, 60_000)), "PNG")
    yield "good trailing bytes", plain + MARK * 1000
    yield "good trailing zip", plain + b"PK\x03\x04" + MARK
    yield "good trailing html", plain + b"<script>alert(1)</script>" + MARK
    video = box(b"ftyp", b"mp42", b"\0\0\0\0", b"isom") + box(b"mdat", MARK * 5000) + box(b"moov", MARK)
    yield "good motion photo", plain + video
    yield "good two pictures in one", plain + _jpeg(quality=30)
    frames = [scene(), noise(96, 64)]
    yield "good MPO", saved(frames[0], "MPO", save_all=True, append_images=frames[1:], exif=_marked_exif())
    yield "good animated png", saved(frames[0], "PNG", save_all=True, append_images=frames[1:] * 20)
    yield (
        "good animated webp",
        saved(frames[0], "WEBP", save_all=True, append_images=frames[1:] * 20, exif=_marked_exif()),
    )
    yield "good progressive", _jpeg(progressive=True)
    yield "good with restarts", _jpeg(restart_marker_blocks=1)
    thumbnail = saved(noise(160, 120))
    yield "good exif with a thumbnail", SOI + segment(0xE1, b"Exif\0\0MM\0*" + MARK + thumbnail[:60_000]) + plain[2:]
    yield "good big heic", heic(scene(640, 480), exif=_marked_exif().tobytes(), xmp=MARK)
    yield "good heic with a tail", heic(scene(128, 96)) + box(b"mdat", MARK * 100) + MARK
    yield "good heic and a box of one's own", heic(scene(128, 96)) + box(b"uuid", bytes(16), MARK)
    yield "good large", saved(scene(7000, 7000), "PNG", compress_level=1)
    yield "good large progressive", saved(scene(7000, 7000), progressive=True, subsampling=0)
    yield "good large webp", saved(scene(4600, 4600), "WEBP", method=0, quality=20)
    yield "good large with transparency", saved(Image.new("RGBA", (7000, 7000), (9, 9, 9, 90)), "PNG", compress_level=1)


def _modes() -> Files:
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        picture = Image.new(mode, (60, 40), 1) if mode not in {"LA", "RGB", "RGBA"} else scene(60, 40).convert(mode)
        yield f"good png {mode}", saved(picture, "PNG", exif=_marked_exif())
    for mode in ("L", "CMYK", "YCbCr"):
        yield f"good jpeg {mode}", saved(scene().convert(mode), exif=_marked_exif())
    for mode in ("RGB", "RGBA"):
        yield f"good webp {mode} lossless", saved(scene().convert(mode), "WEBP", lossless=True, exif=_marked_exif())
    palette = scene().convert("P")
    yield "good png transparent palette", saved(palette, "PNG", transparency=bytes(range(200)))
    yield "good png transparent grey", saved(scene().convert("L"), "PNG", transparency=7)
    yield "good png 16 bits of colour", _png(60, 40, depth=16, colour=2, rows=bytes(1 + 60 * 6) * 40)
    yield "good png 2 bits", _png(60, 40, depth=2, colour=0, rows=bytes(1 + 15) * 40)
    yield "good png interlaced", _png(1, 1, depth=8, colour=2, rows=bytes(4), interlaced=1)


def _truncated() -> Files:
    """Cut at each of a JPEG's markers, and each kind in every tenth."""
    plain = _jpeg(progressive=True)
    at, cuts = 2, list[int]()
    while plain[at + 1] != 0xDA:
        cuts += [at, at + 1, at + 3]
        at += 2 + int.from_bytes(plain[at + 2 : at + 4])
    cuts.append(at + 2)
    for cut in cuts:
        yield f"jpeg cut at {cut}", plain[:cut]
    for kind in ("JPEG", "PNG", "WEBP", "HEIF"):
        whole = full_of_metadata(kind).removesuffix(b"PRIVATE-TRAILER")
        for tenth in range(10):
            yield f"{kind} cut after {tenth} tenths", whole[: max(3, len(whole) * tenth // 10)]
    yield "empty", b""
    yield "one byte", b"\xff"


def _damaged() -> Files:
    """Bytes turned round, zeroed and moved, always the same ones."""
    for kind in ("JPEG", "PNG", "WEBP", "HEIF"):
        whole = full_of_metadata(kind)
        for number in range(8):
            broken, at = bytearray(whole), 20 + number * (len(whole) - 60) // 8
            broken[at : at + 24] = bytes(255 - byte for byte in broken[at : at + 24])
            yield f"{kind} turned round at {at}", bytes(broken)
        yield f"{kind} with zeros inside", whole[:200] + bytes(len(whole) - 400) + whole[-200:]
        yield f"{kind} twice its head", whole[:64] + whole


def _jpegs() -> Files:
    plain = _jpeg()
    frame = plain.index(b"\xff\xc0")
    yield "jpeg of 65535 x 65535 in a kilobyte", plain[: frame + 5] + b"\xff\xff\xff\xff" + plain[frame + 9 :]
    yield "jpeg of no height", plain[: frame + 5] + b"\0\0" + plain[frame + 7 :]
    yield "jpeg of 7000 x 7000 in a kilobyte", plain[: frame + 5] + struct.pack(">HH", 7000, 7000) + plain[frame + 9 :]
    yield "jpeg with 255 colours", plain[: frame + 9] + b"\xff" + plain[frame + 10 :]
    yield "jpeg with 12 bits", plain[: frame + 4] + b"\x0c" + plain[frame + 5 :]
    yield "jpeg arithmetic coded", plain[: frame + 1] + b"\xc9" + plain[frame + 2 :]
    yield "jpeg lossless", plain[: frame + 1] + b"\xc3" + plain[frame + 2 :]
    progressive = saved(scene(2048, 2048), progressive=True)
    first = progressive.index(b"\xff\xda")
    yield (
        "jpeg with 5000 scans",
        progressive[:-2] + (segment(0xDA, progressive[first + 4 : first + 14]) + b"\0" * 4) * 5000 + EOI,
    )
    yield (
        "jpeg with 5000 scans of 50 megapixels",
        _resized(progressive[:-2], 7000, 7000) + progressive[first:-2] * 500 + EOI,
    )
    cmyk = saved(Image.new("CMYK", (64, 64)), progressive=True)
    yield "progressive CMYK of 49 megapixels", _resized(cmyk, 7000, 7000)
    yield "jpeg with 200 comments", SOI + segment(0xFE, MARK * 2000) * 200 + plain[2:]
    yield "good jpeg with 60 comments", SOI + segment(0xFE, MARK * 2000) * 60 + plain[2:]
    yield "jpeg with 20000 empty segments", SOI + segment(0xE9, b"") * 20_000 + plain[2:]
    yield "good jpeg filled with 0xff", SOI + b"\xff" * 1000 + plain[3:]
    icc = b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes([n, 255]) + MARK * 3000) for n in range(1, 200))
    yield "good jpeg with a profile of 12 MB", SOI + icc + plain[2:]
    yield (
        "good jpeg with 255 parts of a profile missing",
        SOI + segment(0xE2, b"ICC_PROFILE\0\x03\xff" + MARK) + plain[2:],
    )
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[128:132] = b"\xff\xff\xff\xff"
    yield "good jpeg with a profile that lies", saved(scene(), icc_profile=bytes(profile))
    yield "good jpeg with another space's profile", saved(scene().convert("L"), icc_profile=bytes(profile))
    for name, content in {
        "endless": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\xff\xff\xff\xff" + MARK,
        "in a circle": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x08\0\0\0\x08" + MARK,
        "of 65535 tags": b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + MARK * 3000,
        "of letters": b"Exif\0\0" + MARK * 3000,
        "empty": b"Exif\0\0",
    }.items():
        yield f"good jpeg with exif {name}", SOI + segment(0xE1, content) + plain[2:]
    xmp = b'http://ns.adobe.com/xap/1.0/\0<!DOCTYPE x [<!ENTITY a "' + MARK + b'"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    yield "good jpeg with an xml bomb as XMP", SOI + segment(0xE1, xmp) + plain[2:]
    yield (
        "good jpeg with IPTC",
        SOI + segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\xff\xff" + MARK) + plain[2:],
    )
    yield (
        "good jpeg with MPF that lies",
        SOI + segment(0xE2, b"MPF\0MM\0*\0\0\0\x08\0\x01\xb0\x01\0\x04\xff\xff\xff\xff" + MARK) + plain[2:],
    )
    yield "jpeg of tables alone", plain[:frame] + EOI
    yield "jpeg end at once", SOI + EOI + MARK
    yield "jpeg of markers alone", SOI + b"\xff\xd0" * 100_000
    yield "jpeg with a frame in a frame", plain[: frame + 19] + plain[frame:]


def _resized(jpeg: bytes, width: int, height: int) -> bytes:
    at = next(jpeg.index(marker) for marker in (b"\xff\xc2", b"\xff\xc0") if marker in jpeg)
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def _png(width: int, height: int, *, depth: int = 8, colour: int = 2, rows: bytes = b"", interlaced: int = 0,
         before: bytes = b"", head: bytes | None = None) -> bytes:  # fmt: skip
    head = head if head is not None else struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + before
            + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))  # fmt: skip


def _pngs() -> Files:
    rows = bytes(1 + 30) * 10
    swollen = zlib.compress(MARK + bytes(40 * MEGABYTE), 9)
    yield "png bomb of 100 megapixels", bomb()
    yield "png of 2 billion pixels", _png(2**31 - 1, 2**31 - 1, rows=rows)
    yield "png of 49 megapixels in some bytes", _png(7000, 7000, rows=rows)
    yield "png 16-bit of 49 megapixels in some bytes", _png(7000, 7000, depth=16, colour=6, rows=rows)
    yield "png of no width", _png(0, 10, rows=rows)
    yield "png whose data swell", _png(10, 10, rows=bytes(60 * MEGABYTE))
    yield "png without data", _png(10, 10, rows=b"").replace(b"IDAT", b"iDAT")
    yield "png with a short head", _png(10, 10, rows=rows, head=bytes(5))
    yield "png of depth 255", _png(10, 10, depth=255, rows=rows)
    yield "png of colour 77", _png(10, 10, colour=77, rows=rows)
    yield "png without a palette", _png(30, 10, colour=3, rows=rows)
    yield "png with a palette of 3000", _png(30, 10, colour=3, rows=rows, before=chunk(b"PLTE", bytes(9000)))
    for name in (b"zTXt", b"iCCP"):
        yield f"png with a bomb in {name.decode()}", _png(10, 10, rows=rows, before=chunk(name, b"x\0\0" + swollen))
    yield (
        "png with a bomb in iTXt",
        _png(10, 10, rows=rows, before=chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + swollen)),
    )
    yield "png with 2000 texts", _png(10, 10, rows=rows, before=chunk(b"tEXt", b"Comment\0" + MARK * 100) * 2000)
    yield "good png with exif of letters", _png(10, 10, rows=rows, before=chunk(b"eXIf", MARK * 100))
    yield "png with a chunk of 4 GB", _png(10, 10, rows=rows)[:33] + b"\xff\xff\xff\xfftEXt" + MARK * 100
    yield "png with a wrong sum", _png(10, 10, rows=rows).replace(b"IDAT", b"IDAT", 1)[:-20] + b"\0" * 20
    yield "png that never ends", _png(10, 10, rows=rows)[:-12] + chunk(b"tEXt", b"Comment\0" + MARK) * 50_000
    text = PngInfo()
    text.add_text("Comment", MARK.decode() * 1000, zip=True)
    yield "good png with a packed comment", saved(scene(), "PNG", pnginfo=text)
    actl = chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    yield "apng of two billion frames", _png(10, 10, rows=rows, before=actl)
    fctl = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 2**31 - 1, 2**31 - 1, 0, 0, 1, 1, 0, 0))
    yield "apng of a frame that is larger than all", _png(10, 10, rows=rows, before=actl + fctl)


def _webps() -> Files:
    def riff(*parts: bytes) -> bytes:
        body = b"WEBP" + b"".join(parts)
        return b"RIFF" + struct.pack("<I", len(body)) + body

    def part(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) & 1)

    def canvas(width: int, height: int, flags: int = 0) -> bytes:
        return part(
            b"VP8X", bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        )

    plain = saved(scene(), "WEBP", quality=50)
    picture = plain[12:]
    yield "webp canvas of 16384 x 16384", riff(canvas(16384, 16384), picture)
    yield "webp canvas of 7000 x 7000 round a stamp", riff(canvas(7000, 7000), picture)
    yield "webp canvas of 4600 x 4600 round a stamp", riff(canvas(4600, 4600), picture)
    frame = part(b"ANMF", bytes(6) + b"\xff\xff\xff" * 2 + bytes(4) + picture)
    yield "webp with a frame larger than its canvas", riff(canvas(10, 10, 2), part(b"ANIM", bytes(6)), frame)
    yield "webp with 5000 frames", riff(canvas(96, 64, 2), part(b"ANIM", bytes(6)), frame * 2000)
    yield "webp of nothing", riff()
    yield "webp of 4 GB", b"RIFF\xff\xff\xff\xffWEBP" + picture
    yield "webp lossless 16384 x 16384 in a few bytes", riff(part(b"VP8L", b"\x2f\xff\xff\xff\x0f" + bytes(40)))
    yield (
        "webp lossy 16383 x 16383 in a few bytes",
        riff(part(b"VP8 ", b"\x10\0\0\x9d\x01\x2a\xff\x3f\xff\x3f" + bytes(40))),
    )
    yield "webp with 1 MB of XMP", riff(canvas(96, 64, 4), picture, part(b"XMP ", MARK * 50_000))
    yield "webp with exif of letters", riff(canvas(96, 64, 8), picture, part(b"EXIF", MARK * 5000))
    yield "webp with a profile of letters", riff(canvas(96, 64, 32), part(b"ICCP", MARK * 5000), picture)
    yield "webp with unknown parts", riff(canvas(96, 64), picture, part(b"EVIL", MARK * 5000) * 50)


def _heics() -> Files:
    plain = heic(scene(128, 96), exif=_marked_exif().tobytes(), xmp=MARK)
    brand = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    size = plain.index(b"ispe") + 8

    def sized(width: int, height: int) -> bytes:
        return plain[:size] + struct.pack(">II", width, height) + plain[size + 8 :]

    def full(name: bytes, *contents: bytes) -> bytes:
        return box(name, bytes(4), *contents)

    yield "heic of 65535 x 65535", sized(65535, 65535)
    yield "heic of 7000 x 7000 round a stamp", sized(7000, 7000)
    yield "heic of no size", sized(0, 0)
    yield "heic of 4 billion", sized(2**32 - 1, 2**32 - 1)
    yield "heic of boxes in boxes", brand + _nested(2000)
    yield "heic with a box of 2**63", brand + struct.pack(">I4sQ", 1, b"meta", 2**63) + MARK * 100
    yield "heic with a box of no size", brand + bytes(4) + b"meta" + MARK * 100
    yield "heic with 100000 boxes", brand + box(b"free") * 100_000
    yield "heic with 4 MB of free", brand + box(b"free", MARK * 200_000) + plain[len(box(b"ftyp", plain[8:24])) :]
    yield "heic brand alone", brand
    yield "heic brand and a jpeg", brand + _jpeg()
    grid = b"\0\1\xff\xff" + struct.pack(">II", 2**32 - 1, 2**32 - 1)
    meta = [full(b"hdlr", bytes(4), b"pict", bytes(13)), full(b"pitm", b"\0\1")]
    entry = box(b"infe", b"\2\0\0\0", b"\0\1\0\0", b"grid", b"\0")
    meta.append(full(b"iinf", b"\0\1", entry))
    meta.append(full(b"iref", box(b"dimg", b"\0\1", b"\xff\xff", bytes(2 * 65535))))
    meta.append(box(b"iprp", box(b"ipco", full(b"ispe", struct.pack(">II", 100, 100))),
                    full(b"ipma", b"\0\0\0\1\0\1\1\1")))  # fmt: skip
    meta.append(full(b"iloc", b"\x44\0\0\1\0\1\0\0\0\1", struct.pack(">II", 40, len(grid))))
    yield "heic grid of 65536 tiles", brand + box(b"mdat", grid) + full(b"meta", *meta)
    iloc = plain.index(b"iloc")
    yield "heic whose items lie nowhere", plain[: iloc + 12] + b"\xff" * 40 + plain[iloc + 52 :]
    yield "heic with a million items", plain[: iloc + 10] + b"\xff\xff" + plain[iloc + 12 :]
    yield "heic without its data", plain[: plain.index(b"mdat") + 4]
    configuration = plain.index(b"hvcC")
    for at in (8, 20, 40, 60):
        broken = bytearray(plain)
        broken[configuration + at : configuration + at + 12] = b"\xff" * 12
        yield f"heic with broken parameters at {at}", bytes(broken)
    yield "avif", box(b"ftyp", b"avif", bytes(4), b"avifmif1") + MARK * 100
    yield "mp4 video", box(b"ftyp", b"isom", bytes(4), b"isommp42") + box(b"mdat", MARK * 100)


def _nested(deep: int) -> bytes:
    inside = MARK
    for _level in range(deep):
        inside = box(b"meta", bytes(4), inside)
    return inside


def _others() -> Files:
    """Pictures that are none of ours, and what is no picture."""
    picture = scene()
    for kind in ("GIF", "TIFF", "BMP", "PPM", "TGA", "ICO", "PCX", "SGI", "DDS", "JPEG2000"):
        try:
            yield f"{kind} picture", saved(picture, kind)
        except (OSError, KeyError):  # this library lacks that writer
            yield f"{kind} picture", kind.encode() + MARK
    yield "TIFF bomb", b"II*\0\x08\0\0\0\xff\xff" + struct.pack("<HHII", 256, 4, 1, 2**31) * 200
    yield "GIF bomb", b"GIF89a\xff\xff\xff\xff\xf7\0\0" + bytes(800)
    yield "BMP bomb", b"BM" + bytes(12) + struct.pack("<IiiHH", 40, 2**31 - 1, 2**31 - 1, 1, 32) + bytes(100)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><image href="http://x.example/"/></svg>'
    yield "svg with a script", svg
    yield "html", b"<!doctype html><script>alert(1)</script>"
    yield "pdf", b"%PDF-1.7\n" + MARK * 10
    yield "zip", b"PK\x03\x04" + MARK * 10
    yield "elf", b"\x7fELF" + bytes(200)
    yield "postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file"
    yield "xml bomb", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
    yield "zeros", bytes(MEGABYTE)
    yield "letters", "æøå ".encode() * 1000


def _lies() -> Files:
    """Polyglots: a picture's first bytes, and then something else."""
    page = b"<script>alert(1)</script>" + MARK
    for name, head in {
        "jpeg": b"\xff\xd8\xff\xe0", "png": b"\x89PNG\r\n\x1a\n", "webp": b"RIFF\xff\0\0\0WEBPVP8 ",
        "heic": box(b"ftyp", b"heic", bytes(4), b"mif1heic"),
    }.items():  # fmt: skip
        yield f"{name} head and html", head + page * 100
        yield f"{name} head and zeros", head + bytes(100_000)
        yield f"{name} head and noise", head + bytes((number * 7919 + number // 251) & 255 for number in range(50_000))
        yield f"{name} head alone", head
    drawn = Image.new("RGB", (200, 100), "white")
    ImageDraw.Draw(drawn).text((5, 5), "<script>")
    file = io.BytesIO()
    drawn.save(file, "JPEG", comment=b"*/=alert(1)/*" + MARK)
    yield "good jpeg that is a script too", file.getvalue()
