"""A PDF is made once however many ask for it, in the background, and its failing is a sentence."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app.models import Stop
from app.report import press as press_module
from app.report import printing
from app.report.paper import Sheet
from app.report.press import Press
from tests.cast import Stage
from tests.phone import Picture, jpeg
from tests.photos.pictures import until
from tests.report.conftest import Desk
from tests.report.printed import Paper, printed

PAGE = {"Accept": "text/html"}


class Held:
    """Something else that is printed first, until it is let go."""

    def __init__(self, press: Press) -> None:
        self._go = threading.Event()
        self.job = press.ask("f" * 64, self._made)

    def _made(self) -> Sheet:
        assert self._go.wait(60)
        raise RuntimeError("it was only in the way")

    def let_go(self) -> None:
        self._go.set()


@pytest.fixture
def held(stage: Stage) -> Iterator[Held]:
    waiting = Held(stage.app.state.press)
    yield waiting
    waiting.let_go()


@pytest.fixture
def noted(stage: Stage) -> str:
    phone = stage.phone()
    note_id = phone.note(note="Lampen er slukket.")
    phone.put(note_id)
    return note_id


def files(stage: Stage) -> list[Path]:
    folder = stage.app.state.settings.printed
    return sorted(folder.glob("*")) if folder.is_dir() else []


def jobs_made(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is given to the printer from now on."""
    press, begun = stage.app.state.press, list[str]()
    real = press._printed
    monkeypatch.setattr(press, "_printed", lambda job, sheet: (begun.append(job.key), real(job, sheet))[1])
    return begun


def test_fifty_who_ask_at_once_get_one_file_of_one_job(
    stage: Stage, desk: Desk, noted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = jobs_made(stage, monkeypatch)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _number: desk.get(".pdf"), range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert Paper(answers[0].content).told["Tagged"] == "yes"
    assert (len(begun), len(files(stage))) == (1, 1)


def test_while_it_is_printed_everything_else_is_answered(stage: Stage, desk: Desk, noted: str, held: Held) -> None:
    with ThreadPoolExecutor(60) as pool:
        waiting = [pool.submit(desk.get, ".pdf") for _asker in range(60)]  # more than the server has threads
        until(lambda: stage.app.state.press.ahead(held.job) == 0 and len(stage.app.state.press._jobs) == 2)
        began = time.monotonic()
        assert desk.get(".csv").status_code == stage.http.get("/healthz").status_code == 200
        assert time.monotonic() - began < 5
        assert not any(one.done() for one in waiting)
        held.let_go()
        assert {one.result(60).status_code for one in waiting} == {200}


def test_a_browser_is_told_how_far_it_is_and_then_gets_the_file_without_a_script(
    stage: Stage, desk: Desk, noted: str, held: Held
) -> None:
    answer = desk.get(".pdf", headers=PAGE)
    assert (answer.status_code, answer.headers["content-type"]) == (202, "text/html; charset=utf-8")
    assert '<meta http-equiv="refresh" content="2">' in answer.text
    assert "1 anden rapport bliver lavet først." in answer.text
    assert answer.headers["cache-control"] == "no-store"
    held.let_go()
    until(lambda: desk.get(".pdf", headers=PAGE).status_code == 200)
    shown = desk.get(".pdf", headers=PAGE)
    assert shown.headers["content-disposition"] == 'inline; filename="aftenvandring-i-aalborg-oest.pdf"'
    policy = shown.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "object-src" not in policy and "default-src" not in policy, "browsers' own viewers choke on it"  # noqa: PT018


@pytest.mark.embedded
def test_it_says_how_many_photos_are_ready(stage: Stage, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, pictures = stage.phone(), [Picture(jpeg(colour=(9, 9, number))) for number in range(8)]
    phone.put(phone.note(*pictures))
    for picture in pictures:
        phone.put_picture(picture.id)
    until(lambda: desk.get(".geojson").text.count('"ready"') == 8)
    slow = next(stage.vault.folder.rglob(f"{pictures[-1].id}.jpg"))
    slow.unlink()
    os.mkfifo(slow)  # a disk that lets one wait, and then fails
    monkeypatch.setattr("app.report.printing_routes.PATIENCE_S", 0.2)
    until(lambda: "Billeder gøres klar: 7 af 8" in desk.get(".pdf", headers=PAGE).text)
    slow.open("wb").close()
    until(lambda: desk.get(".pdf", headers=PAGE).status_code == 200)
    assert len(printed(desk).photos) == 7


def test_a_changed_report_is_printed_anew_and_the_same_one_is_not(
    stage: Stage, desk: Desk, noted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, phone = jobs_made(stage, monkeypatch), stage.phone()
    first, again = desk.get(".pdf"), desk.get(".pdf")
    assert first.content == again.content
    assert desk.get(".pdf", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    phone.put(phone.note(note="Kommet til."))
    assert "Kommet til." in printed(desk).words
    assert "Kommet til." in printed(desk, "en").words
    assert len(begun) == 3, "one each for: before, after, in English"


def test_asking_only_for_the_head_prints_nothing(stage: Stage, desk: Desk, noted: str) -> None:
    head = stage.http.head(f"/walks/{stage.walk.id}/report.pdf", headers=desk.headers)
    assert (head.status_code, head.content, files(stage)) == (200, b"", [])
    assert head.headers["etag"] == desk.get(".pdf").headers["etag"]


def test_a_printer_that_dies_is_a_sentence_and_the_next_one_succeeds(
    stage: Stage, desk: Desk, noted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = sys.executable
    monkeypatch.setattr(press_module.sys, "executable", "/bin/false")
    for headers in ({}, PAGE):
        answer = desk.get(".pdf", headers=headers)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "Rapporten kunne ikke laves lige nu." in answer.text
    assert files(stage) == []
    monkeypatch.setattr(press_module.sys, "executable", python)
    monkeypatch.setattr(press_module, "FORGET_S", 0.0)
    assert "Lampen er slukket." in printed(desk).words


@pytest.mark.embedded
def test_a_printer_that_hangs_is_ended(stage: Stage, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    phone, picture = stage.phone(), Picture(jpeg())
    phone.put(phone.note(picture))
    phone.put_picture(picture.id)
    until(lambda: '"ready"' in desk.get(".geojson").text)
    path = next(stage.vault.folder.rglob(f"{picture.id}.jpg"))
    path.unlink()
    os.mkfifo(path)  # nobody ever writes into it
    monkeypatch.setattr(press_module, "LIMIT_S", 3.0)
    assert desk.get(".pdf").status_code == 503


def test_a_folder_that_cannot_be_written_is_a_sentence(stage: Stage, desk: Desk, noted: str) -> None:
    stage.app.state.settings.printed.write_text("a file where the folder should be")
    answer = desk.get(".pdf")
    assert (answer.status_code, "lige nu" in answer.text) == (503, True)


def test_a_file_nobody_asks_for_is_swept_away_and_printed_again(stage: Stage, desk: Desk, noted: str) -> None:
    printed(desk)
    [file] = files(stage)
    half = file.with_name("half-printed")
    half.mkdir()
    (half / "photo-1.jpg").write_bytes(b"x")
    long_ago = time.time() - press_module.KEPT_S - 1
    for path in (file, half):
        os.utime(path, (long_ago, long_ago))
    stage.app.state.press.tidy()
    assert files(stage) == []
    printed(desk)
    assert files(stage) == [file]
    assert file.stat().st_mode & 0o077 == 0 or file.parent.stat().st_mode & 0o077 == 0, (
        "nobody else on the machine reads it"
    )


def test_too_many_different_ones_in_line_are_asked_to_come_back(
    stage: Stage, desk: Desk, noted: str, held: Held
) -> None:
    press: Any = stage.app.state.press
    for number in range(press_module.MOST_WAITING - 1):
        press.ask(f"{number:064x}", held._made)
    assert desk.get(".pdf").status_code == 503


def test_a_server_that_is_told_to_stop_does_not_wait_for_the_printer(tmp_path: Path) -> None:
    press = Press(tmp_path / "printed", {"folder": str(tmp_path / "photos")})
    (tmp_path / "photos" / "kept" / "ab").mkdir(parents=True)
    os.mkfifo(tmp_path / "photos" / "kept" / "ab" / "ab.jpg")
    press.start()
    job = press.ask("a" * 64, lambda: Sheet({}, {"photo-0.jpg": "ab"}))
    until(lambda: press._process is not None)
    began = time.monotonic()
    press.stop()
    assert time.monotonic() - began < 10
    assert job.state == "failed"


def test_a_server_that_prints_nothing_loads_neither_printer_nor_workbook_nor_queue() -> None:
    code = "import sys, app.main; sys.exit(any(name in sys.modules for name in ('typst', 'xlsxwriter', 'PIL', 'procrastinate')))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_two_walks_that_say_the_same_of_themselves_are_two_pdfs(stage: Stage) -> None:
    twins = [stage.another_walk(organisation_id=stage.walk.organisation_id) for _number in range(2)]
    with stage.db.write() as tx:
        tx.add(Stop(walk_id=twins[0].id, number=1, name="Kun hos den ene"))
    with stage.db.read() as tx:
        assert len({printing.key(tx, walk, sensitive=True) for walk in twins}) == 2
