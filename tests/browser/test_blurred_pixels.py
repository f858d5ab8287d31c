"""What the blurring's modules do to pixels, marks and stored photos, called without a screen."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.pocket import Phone

pytestmark = pytest.mark.once

COVER = """const canvas = new OffscreenCanvas(100, 100), pen = canvas.getContext("2d", {willReadFrequently: true});
for (let x = 0; x < 100; x++) for (let y = 0; y < 100; y++) { pen.fillStyle = `rgb(${(x * 37) % 256} ${(y * 91) % 256} ${(x * y) % 256})`; pen.fillRect(x, y, 1, 1); }
const before = pen.getImageData(0, 0, 100, 100).data;
blurring.covering.cover(canvas, given[0]);
const after = pen.getImageData(0, 0, 100, 100).data;
const colours = new Set(), touched = [];
for (let at = 0; at < after.length; at += 4) if ([0, 1, 2].some((band) => after[at + band] !== before[at + band])) {
  touched.push([(at / 4) % 100, Math.floor(at / 400)]); colours.add(after.slice(at, at + 3).join()); }
return {colours: [...colours], touched};"""


@pytest.mark.parametrize(
    ("mark", "left", "right", "upper", "lower"),
    [
        ({"kind": "box", "x": 10.4, "y": 20.6, "w": 30, "h": 20}, 10, 40, 20, 40),
        ({"kind": "box", "x": 90, "y": 90, "w": 30, "h": 30}, 90, 99, 90, 99),
        ({"kind": "stroke", "r": 5, "points": [[20, 50], [60, 50]]}, 15, 64, 45, 54),
        ({"kind": "stroke", "r": 8, "points": [[50, 50]]}, 42, 58, 42, 58),
    ],
)
def test_every_pixel_under_a_mark_has_one_colour_and_no_other_is_touched(
    phone: Phone, mark: dict[str, Any], left: int, right: int, upper: int, lower: int
) -> None:
    told = phone.run(COVER, [mark])
    assert len(told["colours"]) == 1
    xs, ys = [x for x, _ in told["touched"]], [y for _, y in told["touched"]]
    assert (min(xs), min(ys)) == pytest.approx((left, upper), abs=1)
    assert (max(xs), max(ys)) == pytest.approx((right, lower), abs=1)
    if mark["kind"] == "box":
        assert len(xs) >= (max(xs) - min(xs) + 1) * (max(ys) - min(ys) + 1) - 3  # a pixel may have had the mean colour


def test_each_step_is_one_step_back_and_boxes_stay_in_the_photo(phone: Phone) -> None:
    told = phone.run(
        """const said = [], size = {width: 100, height: 50};
        const palette = new blurring.Palette(size, [], {changed() {}, done() { said.push(palette.marks.length); }});
        palette.press([10, 10], 1); palette.draw([10, 10], [30, 20]); palette.draw([10, 10], [40, 30]); palette.end();
        const box = palette.marks[0];
        palette.press([20, 15], 1); palette.draw([20, 15], [500, 500]); palette.end();
        const moved = palette.marks[0];
        palette.nudge(0, -1, 0, false); palette.nudge(0, -1, 0, false);
        palette.add([{kind: "box", x: 0, y: 0, w: 9, h: 9}, {kind: "box", x: 50, y: 0, w: 9, h: 9}]);
        const most = palette.marks.length;
        const back = []; while (palette.undo()) back.push(palette.marks.map(({x}) => x));
        return {box, moved, most, back, said: said.length};"""
    )
    assert told["box"] == {"kind": "box", "x": 10, "y": 10, "w": 30, "h": 20}
    assert told["moved"] == {"kind": "box", "x": 70, "y": 30, "w": 30, "h": 20}
    assert told["most"] == 3
    assert told["back"] == [[68], [70], [10], []]


def test_a_second_finger_and_a_tap_beside_everything_make_no_mark(phone: Phone) -> None:
    told = phone.run(
        """const palette = new blurring.Palette({width: 100, height: 50}, [], {changed() {}, done() {}});
        palette.press([10, 10], 1); palette.draw([10, 10], [30, 20]); palette.cancel();
        palette.press([10, 10], 1); palette.end();
        return [palette.marks.length, palette.undo()];"""
    )
    assert told == [0, False]


def test_the_networks_answer_becomes_one_box_for_each_face(phone: Phone) -> None:
    told = phone.run(
        """const [width, height] = [8, 6], area = width * height;
        const heat = new Float32Array(area), scale = new Float32Array(2 * area), offset = new Float32Array(2 * area);
        const put = (x, y, sure, w, h) => { const at = y * width + x; heat[at] = sure; scale[at] = Math.log(h / 4); scale[at + area] = Math.log(w / 4); };
        put(2, 2, 0.9, 12, 16); put(3, 2, 0.8, 12, 16); put(6, 4, 0.5, 8, 8); put(0, 0, 0.2, 8, 8);
        return blurring.boxes.boxesIn({heat, scale, offset, width, height}, [2, 1]);"""
    )
    assert [[round(box[name]) for name in "xywh"] for box in told] == [[8, 2, 24, 16], [44, 14, 16, 8]]


def test_a_photo_that_cannot_be_kept_blurred_is_kept_as_it_is(phone: Phone, photo_in_draft: Callable[[], str]) -> None:
    before = photo_in_draft()
    told = phone.run(
        """const put = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = function (...value) { if (this.name === "bytes") throw new DOMException("full", "QuotaExceededError"); return put.apply(this, value); };
        const failed = await blurring.replacing.replace(given[0], new ArrayBuffer(9)).catch((failure) => failure.name);
        IDBObjectStore.prototype.put = put;
        const {photos} = await store.draft(null);
        return [failed, photos.map(({id}) => id), (await store.photoBytes(given[0])).buffer.byteLength > 100];""",
        before,
    )
    assert told == ["Full", [before], True]


def test_a_blurred_photo_stands_where_the_other_stood_under_a_name_of_its_own(
    phone: Phone, photo_in_draft: Callable[[], str]
) -> None:
    first, second = photo_in_draft(), photo_in_draft()
    told = phone.run(
        """await blurring.replacing.keepMarks(given[0], [{kind: "box", x: 1, y: 1, w: 9, h: 9}]);
        const id = await blurring.replacing.replace(given[0], new TextEncoder().encode("sløret").buffer);
        const {photos} = await store.draft(null);
        return {ids: photos.map(({id}) => id), id, gone: await store.photoBytes(given[0]), marks: await blurring.replacing.marksOn(given[0]), sha: photos[0].sha256};""",
        first,
    )
    assert told["ids"] == [told["id"], second]
    assert told["id"] != first
    assert (told["gone"], told["marks"]) == (None, [])
    assert told["sha"] == hashlib.sha256("sløret".encode()).hexdigest()


@pytest.fixture
def photo_in_draft(phone: Phone) -> Callable[[], str]:
    """Puts a photo into the phone's draft; its id."""
    return lambda: phone.run(
        "await store.saveDraft((await store.draft(null)) ?? store.freshDraft()); return (await store.addDraftPhoto('new', {buffer: crypto.getRandomValues(new Uint8Array(900)).buffer, type: 'image/jpeg'})).id"
    )
