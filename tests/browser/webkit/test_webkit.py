"""A walk on WebKit, the engine of every iPhone: what was saved there is kept through kills, and arrives once.

Real WebKitGTK, real service worker and IndexedDB, a real server behind a network that can be taken away.
"""

import base64
import io
from collections.abc import Callable

import pytest
from PIL import Image

from tests.browser import liar
from tests.browser.webkit.running import eventually
from tests.browser.webkit.walker import TYPE, Walker
from tests.running import Server

# Selenium 4 warns of its own doing.
pytestmark = pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning")

# As iOS does in the background: the connection is closed behind the app's back, and its next use fails.
CLOSE = """const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (...how) {
    IDBDatabase.prototype.transaction = transaction;
    globalThis.closed_behind_its_back = true;
    this.close();
    return transaction.apply(this, how);
  };"""


@pytest.fixture(scope="module")
def photo() -> Callable[[int], str]:
    """Makes photos of a phone's size, in base64; another number, another photo."""

    def make(number: int) -> str:
        file = io.BytesIO()
        Image.effect_noise((2400, 1800), 20 + number).convert("RGB").save(file, "JPEG")
        return base64.b64encode(file.getvalue()).decode()

    return make


def test_a_walk_without_a_server_is_kept_and_sent_when_it_is_back(
    walker: Walker, shared_server: Server, photo: Callable[[int], str]
) -> None:
    shared_server.stop()
    walker.killed()
    for number in range(3):
        walker.begin(f"note {number}", *(photo(10 * number + at) for at in range(number + 1)))
        walker.save()
    held = walker.stored()
    assert sorted(held["notes"]) == ["note 0", "note 1", "note 2"]
    assert len(held["sums"]) == 6
    assert len(set(held["sums"].values())) == 6
    walker.phone.run("location.hash = '#/notes'")
    walker.press("Send nu")
    walker.sees("Der er ikke net lige nu.")
    walker.sees("venter på net")
    shared_server.start()
    walker.all_sent()
    assert walker.received() == {"note 0": 1, "note 1": 2, "note 2": 3}
    assert shared_server.photos()


def test_what_was_saved_outlives_five_kills_and_arrives_once(walker: Walker, photo: Callable[[int], str]) -> None:
    kept: dict[str, int] = {}
    for number in range(5):
        walker.network.tell(liar.hangs, "/photos/")  # the words arrive, the photos are on their way
        before = len(walker.network.asked)
        walker.begin(f"drab {number}", photo(number))
        walker.save()
        kept[f"drab {number}"] = 1
        if number % 2:  # in mid-upload
            eventually(
                lambda since=before: [1 for _, path in walker.network.asked[since:] if "/photos/" in path], "an upload"
            )
        walker.begin(f"kladde {number}")
        walker.network.tell(liar.resets)
        walker.killed()
        walker.sees("Ny note")
        assert walker.phone.until("return document.querySelector('#note')?.value") == f"kladde {number}"
        held = walker.stored()
        assert sorted(held["notes"]) == sorted(kept)
        assert len(held["sums"]) == len(kept)
        walker.press("Smid kladden væk")
        walker.sees("Kladden er smidt væk")
    walker.network.honest()
    walker.all_sent()
    assert walker.received() == kept


def test_a_database_that_the_system_took_away_is_opened_again(walker: Walker, photo: Callable[[int], str]) -> None:
    walker.begin("før", photo(1))
    walker.save()
    walker.begin("efter")
    walker.phone.run(CLOSE)
    walker.phone.until(TYPE, "#note", "efter, skrevet videre")
    walker.phone.until("return globalThis.closed_behind_its_back")
    walker.save()
    walker.all_sent()
    assert walker.received() == {"før": 1, "efter, skrevet videre": 0}
    walker.killed()
    assert sorted(walker.stored()["notes"]) == ["efter, skrevet videre", "før"]


def test_speaking_is_offered_exactly_where_the_engine_can_record_and_all_else_goes_on_where_it_cannot(
    walker: Walker,
) -> None:
    # Debian's WebKitGTK has the interface and a microphone, and refuses every kind: what writes MPEG-4 and WebM is not in it.
    microphone = "(await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks()[0]"
    assert walker.phone.run(f"const track = {microphone}; track.stop(); return track.kind") == "audio"
    can = walker.phone.run(
        """const kinds = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
        return kinds.some((kind) => MediaRecorder.isTypeSupported(kind))"""
    )
    walker.begin("Uden stemme")
    walker.phone.until("return customElements.get('tryg-voice') && document.querySelector('tryg-voice') && true")
    assert walker.phone.run("return document.querySelector('tryg-voice').innerText.includes('Indtal')") is can
    walker.save()
    walker.all_sent()
    assert walker.received() == {"Uden stemme": 0}
