"""A printed report as its readers have it: its words, its tags, its pictures; and what is needed to have one."""

import io
import json
import subprocess
from typing import Any

from PIL import Image

from tests.report.conftest import Desk


def poppler(tool: str, content: bytes, *options: str) -> bytes:
    return subprocess.run([tool, *options], input=content, capture_output=True, check=True, timeout=60).stdout


class Paper:
    """One PDF."""

    def __init__(self, content: bytes) -> None:
        assert content.startswith(b"%PDF-"), content[:200]
        self.content = content

    @property
    def words(self) -> str:
        """In one line: where lines end, and where a word is parted, is the layout's."""
        raw = poppler("pdftotext", self.content, "-raw", "-", "-").decode()
        return " ".join(raw.replace("\u00ad\n", "").replace("\u200b", "").split())

    @property
    def told(self) -> dict[str, str]:
        lines = poppler("pdfinfo", self.content, "-").decode().splitlines()
        return {name: value.strip() for name, _colon, value in (line.partition(":") for line in lines)}

    @property
    def meta(self) -> str:
        return poppler("pdfinfo", self.content, "-meta", "-").decode()

    @property
    def tags(self) -> str:
        """The tree that a screen reader walks through."""
        return poppler("pdfinfo", self.content, "-struct-text", "-").decode(
            errors="replace"
        )  # poppler's own words for the title are not UTF-8

    @property
    def photos(self) -> list[dict[str, str]]:
        """The pictures in it that are JPEGs: page, width, height, size."""
        lines = poppler("pdfimages", self.content, "-list", "-").decode().splitlines()
        return [
            one
            for line in lines[2:]
            if (one := dict(zip(lines[0].split(), line.split(), strict=False)))["enc"] == "jpeg"
        ]

    def page(self, number: int, *options: str) -> Image.Image:
        drawn = poppler(
            "pdftoppm", self.content, "-r", "60", "-png", "-f", str(number), "-l", str(number), *options, "-"
        )
        return Image.open(io.BytesIO(drawn))


def printed(desk: Desk, language: str = "da", ending: str = ".pdf") -> Paper:
    answer = desk.get(ending, headers={"Accept-Language": language})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text[:400]
    return Paper(answer.content)


def manifest(package: Any) -> dict[str, Any]:
    return json.loads(package.read("manifest.json"))  # type: ignore[no-any-return]
