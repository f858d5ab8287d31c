"""What holds for every page is asked of every page: the list that tests and pictures share leaves none out."""

import re
from pathlib import Path

from tests.pages import PLACES

ROOT = Path(__file__).parents[2]
# The one stands for as long as a PDF is printed (tests/report/test_press.py), the other is for those who work on the product.
PASSING = {"report/printing.html", "design.html"}


def test_every_page_is_in_the_list() -> None:
    files = [path for path in (ROOT / "templates").rglob("*.html") if path.name != "base.html"]
    whole = [path for path in files if re.search(r"<!doctype html>|\{% extends ", path.read_text("utf-8"))]
    names = {str(path.relative_to(ROOT / "templates")) for path in whole}
    assert names - PASSING == {place.template for place in PLACES}


def test_each_place_has_a_name_of_its_own() -> None:
    assert len({place.name for place in PLACES}) == len(PLACES)
