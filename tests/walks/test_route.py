"""Routes as map programs write them, and as they should not."""

import json
from typing import Any

import pytest

from app.problems import Problem
from app.walks.route import MOST_STOPS, read

LINE = {"type": "LineString", "coordinates": [[9.97, 57.03], [9.98, 57.04, 12.5]]}


def feature(geometry: Any, **about: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": about or None}


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def point(lon: Any = 9.97, lat: Any = 57.03) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [lon, lat]}


def encoded(whole: Any) -> bytes:
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    "whole", [LINE, feature(LINE), collection(feature(LINE)), collection(feature(None), feature(LINE))]
)
def test_a_line_is_found_in_every_wrapping_and_its_heights_are_left_out(whole: Any) -> None:
    assert read(encoded(whole)).line == {"type": "LineString", "coordinates": [[9.97, 57.03], [9.98, 57.04]]}


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read(b"\xef\xbb\xbf" + encoded(LINE)).stops == []


def test_points_become_stops_in_the_files_order() -> None:
    found = read(
        encoded(
            collection(
                feature(point(), name=" Kilden ", prompt="Hvem kommer her?"), feature(LINE), feature(point(9.98))
            )
        )
    )
    assert [(stop.number, stop.name, stop.prompt, stop.lon) for stop in found.stops] == [
        (1, "Kilden", "Hvem kommer her?", 9.97), (2, "Stop 2", "", 9.98),
    ]  # fmt: skip


def test_numbers_decide_the_order_where_all_have_one() -> None:
    found = read(
        encoded(collection(feature(LINE), feature(point(), name="to", number=2), feature(point(), name="en", number=1)))
    )
    assert [(stop.number, stop.name) for stop in found.stops] == [(1, "en"), (2, "to")]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"\xff\xfe", b"NaN", b"[" * 100_000, b"null", b"[]", b'"LineString"', b"17",
        encoded({}), encoded({"type": "FeatureCollection"}), encoded({"type": "FeatureCollection", "features": None}),
        encoded(collection()), encoded(collection(feature(point()))), encoded(collection(feature(LINE), feature(LINE))),
        encoded({"type": "LineString"}), encoded({"type": "LineString", "coordinates": [[9.97, 57.03]]}),
        encoded({"type": "LineString", "coordinates": [[9.97, 57.03], [200, 57.03]]}),
        encoded({"type": "LineString", "coordinates": [[9.97, 57.03], [9.97, 91]]}),
        encoded({"type": "LineString", "coordinates": [[9.97, 57.03], ["9.97", 57.03]]}),
        encoded({"type": "LineString", "coordinates": [[9.97, 57.03], [True, 57.03]]}),
        encoded({"type": "LineString", "coordinates": [[9.97, 57.03], [9.97]]}),
        encoded({"type": "LineString", "coordinates": [[9.97, 57.03], None]}),
        encoded({"type": "LineString", "coordinates": [[555000.1, 6320000.2], [555010.1, 6320010.2]]}),
        encoded({"type": "LineString", "coordinates": [[9.97, 57.03]] * 5_001}),
        b'{"type":"LineString","coordinates":[[9.97,57.03],[NaN,57.03]]}',
        b'{"type":"LineString","coordinates":[[9.97,57.03],[1e999,57.03]]}',
        encoded(collection(feature(LINE), feature(point(9.97, None)))),
        encoded(collection(feature(LINE), *[feature(point())] * (MOST_STOPS + 1))),
    ],
)  # fmt: skip
def test_what_cannot_be_a_route_gets_a_sentence(content: bytes) -> None:
    with pytest.raises(Problem) as told:
        read(content)
    assert told.value.status == 422
    assert told.value.detail.endswith(".")
