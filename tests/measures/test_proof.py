"""The photo that shows a measure done is cleaned like every photo, and a partner's is looked at before it becomes public."""

import io
import time
from collections.abc import Callable

import pytest
from PIL import Image
from sqlmodel import select

from app.models import Observation, Photo
from app.problems import TryAgain
from tests.measures.conftest import Plan
from tests.measures.pages import Paper
from tests.phone import jpeg
from tests.photos.pictures import heic, scene


def with_gps() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "Kamera 4711"
    return jpeg(200, 150, exif=exif)


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (120, 90), (9, 60, 90)).save(file, "PNG")
    return file.getvalue()


def until_ready(plan: Plan, paper: Paper, path: str) -> bytes:
    deadline = time.monotonic() + 60
    while (reply := paper.http.get(path)).status_code != 200:
        assert time.monotonic() < deadline, reply.text
        time.sleep(0.05)
    return bytes(reply.content)


@pytest.mark.parametrize("made", [with_gps, png, lambda: heic(scene())], ids=["jpeg", "png", "heic"])
def test_a_proof_photo_is_shown_clean_and_never_as_it_came(plan: Plan, desk: Paper, made: Callable[[], bytes]) -> None:
    plan.make(desk)
    data = made()
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1/proof", files={"photo": ("lampe", data, "image/jpeg")})
    assert desk.status == 200
    shown = until_ready(plan, desk, f"{plan.at}/1/proof.jpg")
    assert shown.startswith(b"\xff\xd8")
    assert shown != data
    assert b"4711" not in shown
    told = plan.told()[0]
    assert (told.proof, told.proof_seen) == ("ready", True)  # whoever plans the walk has looked at it
    assert told.steps[-1].changes["proof_photo_id"][1] == told.proof_photo_id


def test_a_partners_photo_waits_until_somebody_has_looked_at_it(plan: Plan, desk: Paper) -> None:
    vej = plan.partner()
    plan.make(desk, partner=vej.id)
    theirs, at = plan.browser().open(plan.link(vej)), f"/partner/measures/{plan.told()[0].id}"
    theirs.open(at).press(f"{at}/proof", files={"photo": ("lampe.jpg", jpeg(80, 60), "image/jpeg")})
    until_ready(plan, theirs, f"{at}/proof.jpg")
    assert plan.told()[0].proof_seen is False
    assert "Nobody has looked at it yet" in desk.open(f"{plan.at}/1").words
    desk.press(f"{plan.at}/1/proof/approval")
    assert plan.told()[0].proof_seen is True
    assert plan.browser().open(f"{at}/proof.jpg").address == "/sign-in"


@pytest.mark.usefixtures("every_database")
def test_what_is_let_through_is_the_photo_that_was_looked_at_and_not_the_next_one(plan: Plan, desk: Paper) -> None:
    vej = plan.partner()
    plan.make(desk, partner=vej.id)
    theirs, at = plan.browser().open(plan.link(vej)), f"/partner/measures/{plan.told()[0].id}"
    for colour in ((1, 200, 1), (200, 1, 1)):
        theirs.open(at).press(f"{at}/proof", files={"photo": ("lampe.jpg", jpeg(80, 60, colour), "image/jpeg")})
        until_ready(plan, theirs, f"{at}/proof.jpg")
        if colour == (1, 200, 1):
            desk.open(f"{plan.at}/1")
    desk.press(f"{plan.at}/1/proof/approval")
    assert desk.status == 409
    assert "Another photo has come meanwhile." in desk.words
    assert plan.told()[0].proof_seen is False
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1/proof/approval")
    assert plan.told()[0].proof_seen is True


def test_a_proof_whose_commit_came_about_though_nobody_waited_for_it_is_shown(
    plan: Plan, desk: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan.make(desk)
    desk.open(f"{plan.at}/1")

    def too_late(_info: object) -> None:  # what is done after a commit: here it is given up
        monkeypatch.undo()
        raise TryAgain()

    monkeypatch.setattr(plan.stage.app.state.db, "_follow", too_late)
    desk.press(f"{plan.at}/1/proof", files={"photo": ("lampe.jpg", jpeg(80, 60), "image/jpeg")})
    assert desk.status == 503
    until_ready(plan, desk, f"{plan.at}/1/proof.jpg")


def test_what_is_no_photo_is_told_and_the_earlier_one_stays(plan: Plan, desk: Paper) -> None:
    plan.make(desk)
    for data, status in ((b"Ingenting her", 415), (b"", 422)):
        desk.open(f"{plan.at}/1").press(f"{plan.at}/1/proof", files={"photo": ("x.jpg", data, "image/jpeg")})
        assert desk.status == status, desk.words
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1/proof")
    assert desk.status == 422
    assert plan.told()[0].proof == ""
    with plan.stage.db.read() as tx:
        assert not tx.exec(select(Photo)).all()


def test_no_note_and_no_walkers_phone_has_the_proof(plan: Plan, desk: Paper) -> None:
    note = plan.note()
    plan.make(desk, note)
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1/proof", files={"photo": ("lampe.jpg", jpeg(), "image/jpeg")})
    with plan.stage.db.read() as tx:
        assert tx.get_one(Observation, note).photo_ids == []
    proof_id = plan.told()[0].proof_photo_id
    other = plan.stage.phone()
    assert other.get(f"/photos/{proof_id}").status_code == 404
