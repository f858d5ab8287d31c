"""How long a walker waits, with the processor slowed four times. Prints what was measured (pytest -s)."""

import base64
import statistics

import pytest

from tests.browser.pocket import Phone
from tests.browser.test_camera import photo

SLOWER = 4
pytestmark = pytest.mark.alone


@pytest.fixture
def slow_phone(phone: Phone) -> Phone:
    phone.devtools = phone.page.context.new_cdp_session(phone.page)
    phone.devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return phone


def test_a_note_is_durable_within_a_tenth_of_a_second_on_a_slow_phone(slow_phone: Phone) -> None:
    times = slow_phone.run(
        """const times = [];
        for (let n = 0; n < 20; n++) {
          const draft = {...store.freshDraft(), content: {valence: "unsafe", note: "Lampen er slukket. ".repeat(10)}};
          await store.saveDraft(draft);
          const start = performance.now();
          await store.saveNote(draft);
          times.push(performance.now() - start);
        }
        return times;"""
    )
    print(
        f"\nsave to durable at {SLOWER}×: median {statistics.median(times):.1f} ms, slowest {max(times):.1f} ms of 20"
    )
    assert statistics.median(times) < 100


def test_a_12_megapixel_photo_is_durable_within_two_seconds_on_a_slow_phone(slow_phone: Phone) -> None:
    data = photo(3000, 4000, 6, quality=92)
    slow_phone.run(
        "globalThis.chosen = new Blob([Uint8Array.from(atob(given[0]), (letter) => letter.charCodeAt(0))])",
        base64.b64encode(data).decode(),
    )
    times, size = slow_phone.run(
        """const times = [];
        let size;
        for (let n = 0; n < 5; n++) {
          const start = performance.now();
          const prepared = await camera.prepare(chosen);
          size = prepared.buffer.byteLength;
          await store.addDraftPhoto("new", prepared);
          times.push(performance.now() - start);
        }
        return [times, size];"""
    )
    told = f"{len(data) / 1e6:.1f} MB to {size / 1e3:.0f} KB"
    print(f"\n12-megapixel photo to durable at {SLOWER}×: median {statistics.median(times):.0f} ms of 5, {told}")
    assert statistics.median(times) < 2000
