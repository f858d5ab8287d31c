"""What is tried again, and what never is: a suite of its own for each case, played by a real pytest on two processes."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEST = """
from pathlib import Path

def test_goes_well_at_the_{at}th_time():
    tried = Path("{name}.tried")
    times = len(tried.read_text()) + 1 if tried.exists() else 1
    tried.write_text("x" * times)
    assert times == {at}
"""


def played(folder: Path, **tests: int) -> tuple[int, str]:
    """The suite's exit code and what it printed; `tests` go well at that try, in tests/<room>/."""
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib -raR -p tests.second_try\n")
    for name, at in tests.items():
        path = folder / "tests" / name.split("_")[0] / f"test_{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEST.format(at=at, name=name))
    command = [sys.executable, "-m", "pytest", "-n", "2", "tests"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout


def test_what_goes_well_alone_in_the_end_is_no_failure_and_is_named(tmp_path: Path) -> None:
    code, said = played(tmp_path, browser_a=3, reliability_b=2, house_c=1)
    assert code == 0
    assert "Once more, alone: 1" in said
    assert said.count("RERUN tests/") == 2
    assert "1 passed" in said.splitlines()[-1]


def test_what_fails_alone_too_fails_the_run(tmp_path: Path) -> None:
    code, said = played(tmp_path, browser_a=9)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "1 failed" in said.splitlines()[-1]


def test_a_test_in_one_process_has_one_try_and_nobody_else_gets_another_beside_it(tmp_path: Path) -> None:
    code, said = played(tmp_path, house_a=2, browser_b=3)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "Once more" not in said


def test_more_than_a_few_second_tries_fail_the_run(tmp_path: Path) -> None:
    code, said = played(tmp_path, **{f"browser_{name}": 2 for name in "abcdef"})
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "6 tests needed a second try; 5 may." in said
