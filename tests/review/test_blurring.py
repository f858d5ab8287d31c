"""What a reviewer blurs is gone from what is served, comes back by an undo until the note is released, and then never."""

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from app.copies.backup import back_up
from app.models import Photo, Review
from app.photos import states
from app.report import report
from app.review import photos
from tests.cast import Stage
from tests.phone import Phone, Picture
from tests.photos.pictures import files_of, until
from tests.review.conftest import Reviewer, history
from tests.review.test_page import Desk


def halves() -> bytes:
    """A picture that is red on the left and blue on the right, with a white spot in the upper left corner."""
    picture = Image.new("RGB", (1200, 900), (200, 0, 0))
    picture.paste((0, 0, 200), (600, 0, 1200, 900))
    picture.paste((255, 255, 255), (20, 20, 60, 60))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=95)
    return file.getvalue()


class Shot:
    """A photo that is ready, with who took it and who else walks along."""

    def __init__(self, stage: Stage, desk: Desk) -> None:
        self.stage, self.desk = stage, desk
        self.author, self.other = stage.phone(), stage.phone()
        picture = Picture(halves())
        self.note, self.id = self.author.note(picture), picture.id
        self.author.sync()
        until(lambda: self.author.get(f"/photos/{self.id}").status_code == 200)
        self.before = self.served(self.other)

    def served(self, phone: Phone, ending: str = "") -> bytes:
        answer = phone.get(f"/photos/{self.id}{ending}")
        assert answer.status_code == 200
        return answer.content

    def pixel(self, x: int, y: int, ending: str = "", phone: Phone | None = None) -> tuple[int, ...]:
        picture = Image.open(io.BytesIO(self.served(phone or self.other, ending)))
        return picture.getpixel((x * picture.width // 1200, y * picture.height // 900))  # type: ignore[return-value]

    @property
    def white(self) -> bool:
        """Whether the spot can still be seen, by anybody, in the picture or its thumbnail."""
        return min(self.pixel(40, 40)) > 200 or min(self.pixel(40, 40, "/thumbnail")) > 200

    def blur(self, *boxes: str, **more: Any) -> Any:
        with self.stage.db.read() as tx:
            version = tx.get_one(Photo, self.id).review_version
        form = {"note": self.note, "version": str(version), "lane": "photos", "box": list(boxes)} | more
        return self.desk.post(f"review/photos/{self.id}", form)


@pytest.fixture
def desk(stage: Stage) -> Desk:
    return Desk(stage, "ida@kommune.example", "coordinator")


@pytest.fixture
def shot(stage: Stage, desk: Desk) -> Shot:
    return Shot(stage, desk)


@pytest.mark.usefixtures("every_database")
def test_what_is_blurred_is_replaced_in_the_picture_and_its_thumbnail_and_nothing_else(
    shot: Shot, stage: Stage
) -> None:
    etag = shot.other.get(f"/photos/{shot.id}").headers["etag"]
    with stage.db.read() as tx:
        address = report.build(tx, stage.walk.id, sensitive=True, base_url="").observations[0].photos[0].picture
    assert shot.white
    answer = shot.blur("0,0")
    assert answer.status_code == 200
    assert "Billedet er sløret" in shot.desk.words
    assert not shot.white
    red = shot.pixel(300, 450)
    assert red[0] > 180
    assert red[1] < 40
    assert shot.pixel(1100, 450)[2] > 180
    assert (
        len(Image.open(io.BytesIO(shot.served(shot.other))).convert("RGB").crop((5, 5, 90, 90)).getcolors(10_000) or ())
        < 40
    )
    assert shot.other.get(f"/photos/{shot.id}").headers["etag"] != etag, (
        "nobody is told that theirs is still the newest"
    )
    with stage.db.read() as tx:
        assert report.build(tx, stage.walk.id, sensitive=True, base_url="").observations[0].photos[0].picture != address
    assert len(shot.served(shot.other, "/thumbnail")) <= 20_000
    assert {name.count(".") for name in files_of(stage.vault)} <= {1, 2}, "nothing is left beside"


def test_a_pages_browser_asks_anew_unless_the_address_says_which_version_it_is_of(shot: Shot) -> None:
    address = f"/api/v1/photos/{shot.id}"
    anew, for_ever = "private, no-cache", "private, max-age=31536000, immutable"
    for ending in ("", "/thumbnail"):
        assert shot.desk.http.get(address + ending).headers["cache-control"] == anew
        assert shot.desk.http.get(f"{address}{ending}?v=1").headers["cache-control"] == for_ever
    kept = shot.other.get(f"/photos/{shot.id}").headers
    assert (kept["cache-control"], kept["vary"]) == (for_ever, "Authorization"), (
        "not shown to a page of the same browser"
    )


@pytest.mark.usefixtures("every_database", "every_store")
def test_it_is_undone_to_the_last_byte_while_the_note_is_not_released(shot: Shot, stage: Stage) -> None:
    shot.blur("0,0")
    shot.blur("0,0", "11,8")
    second, first = (step.id for step in reversed(history(stage, shot.note)))
    assert shot.desk.post("review/undoing", {"decision": first, "note": shot.note}).status_code == 422, (
        "not before the second"
    )
    shot.desk.post("review/undoing", {"decision": second, "note": shot.note})
    assert not shot.white
    assert shot.pixel(1190, 890)[2] > 180
    shot.desk.post("review/undoing", {"decision": first, "note": shot.note})
    assert shot.served(shot.other) == shot.before


@pytest.mark.usefixtures("every_store")
def test_where_the_commit_fails_nothing_is_bare_that_was_blurred(
    shot: Shot, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_session: Session) -> None:
        raise OperationalError("COMMIT", {}, Exception("disk I/O error"))

    shot.blur("0,0")
    [step] = history(stage, shot.note)
    with monkeypatch.context() as broken:
        broken.setattr(Session, "commit", fail)
        assert shot.desk.post("review/undoing", {"decision": step.id, "note": shot.note}).status_code == 503
        assert shot.blur().status_code == 503, "nor by taking the ticks away"
    assert not shot.white
    shot.desk.post("review/undoing", {"decision": step.id, "note": shot.note})
    assert shot.served(shot.other) == shot.before


@pytest.mark.usefixtures("every_store")
def test_once_the_note_is_released_what_was_blurred_is_erased(shot: Shot, stage: Stage, ida: Reviewer) -> None:
    shot.blur("0,0")
    assert any("unblurred" in name for name in stage.vault.files())
    shot.desk.look(f"?note={shot.note}")
    shot.desk.press("release")
    assert not any("unblurred" in name for name in stage.vault.files())
    [step] = [step for step in history(stage, shot.note) if step.what == "blur"]
    answer = shot.desk.post("review/undoing", {"decision": step.id, "note": shot.note})
    assert answer.status_code == 422
    assert "Det slørede kan ikke hentes frem igen." in shot.desk.words
    assert shot.blur().status_code == 422, "nor by taking the ticks away"
    assert not shot.white
    assert shot.blur("0,0", "5,5").status_code == 200, "more can be blurred, and is erased at once"
    assert not any("unblurred" in name for name in stage.vault.files())


@pytest.mark.usefixtures("every_database")
def test_a_note_that_is_released_by_being_merged_into_another_keeps_nothing_of_what_was_blurred(
    shot: Shot, stage: Stage, ida: Reviewer
) -> None:
    lead = shot.other.note()
    shot.other.sync()
    shot.blur("0,0", note=lead)
    assert any("unblurred" in name for name in stage.vault.files())
    shot.desk.look(f"?note={lead}")
    shot.desk.press("release")
    assert shot.blur("0,0", "5,5", note=lead).status_code == 200
    assert any("unblurred" in name for name in stage.vault.files()), "the note that a form names is not the photo's"
    shot.desk.look(f"?note={lead}")
    with stage.db.read() as tx:
        made = tx.get_one(Review, lead)
        seen = {"note": lead, "version": str(made.version), "rev": "1", "lane": ""}
        theirs = tx.get(Review, shot.note)
        other = f"{shot.note},{theirs.version if theirs else 0},1"
    assert shot.desk.post("review/decisions", seen | {"do": "merge", "other": other}).status_code == 200
    assert not any("unblurred" in name for name in stage.vault.files())


def test_a_note_that_is_released_again_by_an_undo_keeps_nothing_of_what_was_blurred_meanwhile(
    shot: Shot, stage: Stage
) -> None:
    shot.desk.look(f"?note={shot.note}")
    shot.desk.press("release")
    shot.desk.look(f"?note={shot.note}")
    shot.desk.press("hide", because="Et ansigt")
    hidden = history(stage, shot.note)[-1]
    shot.blur("0,0")
    assert any("unblurred" in name for name in stage.vault.files())
    assert shot.desk.post("review/undoing", {"decision": hidden.id, "note": shot.note}).status_code == 200
    assert not any("unblurred" in name for name in stage.vault.files())


def test_a_backup_into_the_same_folder_keeps_nothing_of_what_was_blurred(
    shot: Shot, stage: Stage, tmp_path: Path
) -> None:
    def backed_up() -> bytes:
        back_up(stage.db, stage.vault, stage.app.state.settings, tmp_path / "backup")
        assert not list((tmp_path / "backup").rglob("*unblurred*"))
        return (tmp_path / "backup" / "photos" / stage.vault.names(shot.id, original=False)[1]).read_bytes()

    assert backed_up() == shot.before
    shot.blur("0,0")
    assert backed_up() == shot.served(shot.other) != shot.before
    assert backed_up() == shot.served(shot.other)
    sums = (tmp_path / "backup" / "SHA256SUMS").read_text()
    assert hashlib.sha256(shot.before).hexdigest() not in sums
    assert hashlib.sha256(shot.served(shot.other)).hexdigest() in sums


def test_a_lost_photo_that_its_phone_sends_again_is_as_it_was_taken_and_so_waits_to_be_looked_at(
    shot: Shot, stage: Stage
) -> None:
    shot.blur("0,0")
    with stage.db.write() as tx:
        tx.get_one(Photo, shot.id).review = "approved"
    states.lost(stage.db, shot.id)
    shot.author.arrived.clear()
    shot.author.sync()
    until(lambda: shot.other.get(f"/photos/{shot.id}").status_code == 200)
    with stage.db.read() as tx:
        photo = tx.get_one(Photo, shot.id)
    assert (photo.review, photo.blurs) == ("unseen", [])


def test_an_approved_photo_that_is_blurred_waits_to_be_looked_at_again(shot: Shot, stage: Stage) -> None:
    with stage.db.write() as tx:
        tx.get_one(Photo, shot.id).review = "approved"
    shot.blur("0,0")
    with stage.db.read() as tx:
        assert tx.get_one(Photo, shot.id).review == "unseen"


def test_who_is_not_cleared_blurs_more_but_brings_nothing_back(shot: Shot, stage: Stage) -> None:
    shot.blur("0,0")
    [step] = history(stage, shot.note)
    shot.desk = Desk(stage, "frivillig@samraad.example", "organiser")
    assert shot.blur("5,5").status_code == 200
    assert not shot.white
    newest = history(stage, shot.note)[-1]
    for decision in (newest, step):
        assert shot.desk.post("review/undoing", {"decision": decision.id, "note": shot.note}).status_code == 422
    assert not shot.white


@pytest.mark.usefixtures("every_database", "every_store")
def test_who_is_slow_to_uncover_puts_nothing_over_what_somebody_has_covered_meanwhile(
    shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot.blur("0,0", "9,8")
    uncover, slow = photos.uncover, list[str]()

    def late(*given: Any) -> None:
        if not slow:
            slow.append("taken back, on record, and not shown yet")
            assert shot.blur("0,0").status_code == 200
        uncover(*given)

    monkeypatch.setattr(photos, "uncover", late)
    assert shot.blur("9,8").status_code == 200
    assert slow
    assert not shot.white
    assert shot.blur().status_code == 200
    assert shot.white


def test_an_older_page_blurs_nothing_and_what_is_no_box_is_told(shot: Shot, stage: Stage) -> None:
    assert shot.blur("0,0", version="7").status_code == 409
    assert shot.blur("99,0").status_code == 422
    assert shot.blur("0,0", note="x").status_code == 422
    assert shot.served(shot.other) == shot.before
    assert history(stage, shot.note) == []
    assert not any(name.count(".") > 2 for name in stage.vault.files()), "no version is left beside"


def test_the_page_has_a_box_for_each_part_and_those_that_are_blurred_are_ticked(shot: Shot) -> None:
    shot.blur("3,2")
    answer = shot.desk.open(f"review/photos/{shot.id}")
    assert answer.status_code == 200
    assert shot.desk.page.count('name="box"') == 108
    assert 'value="3,2" checked' in shot.desk.page
    assert shot.desk.page.count(" checked") == 1
    assert shot.desk.open(f"review/photos/{shot.note}").status_code == 404


def test_a_photo_that_is_blurred_while_it_is_sent_arrives_whole_as_it_was(shot: Shot, stage: Stage) -> None:
    opened = stage.vault.opened(shot.id)
    assert shot.blur("0,0").status_code == 200
    assert b"".join(opened.pieces(0, opened.size)) == shot.before
    assert shot.served(shot.other) != shot.before
