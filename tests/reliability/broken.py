"""Breaks one mechanism after another, in a copy of the project, and shows that a named test notices.

`python -m tests.reliability.broken [WORDS]` (`make broken`) takes those whose name holds WORDS. Each line of the table is one
mechanism of docs/reliability.md. Ends with 1 where something was broken and its test did not fail: such a test proves nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT_S = 600


@dataclass(frozen=True)
class Mechanism:
    """`name`: what is taken away; `file`, `before`, `after`: how; `test`: what must fail then."""

    name: str
    file: str
    before: str
    after: str
    test: str


SHARED = "tests/reliability/test_shared_commits.py"
AT_ONCE = "tests/reliability/test_at_once.py"
CUTS = "tests/reliability/test_power_cuts.py"
WAITING = "tests/reliability/test_waiting.py"
DISKS = "tests/reliability/test_disks.py"
CHANGES = "tests/sync/test_changes.py"
SYNC = "tests/browser/test_sync.py"
ARRIVING_KEPT = "    arriving.keep(photo_id)\n"
ARRIVED = (
    '    photo, is_new = states.arrived(db, photo_id, arriving.size, and_then, "kept" if is_sound else "stored")\n'
)
LATER = """    import asyncio
    with db.read() as tx:
        kept = keep(tx)
    async def later():
        await asyncio.sleep(0.1)
        await db.written(keep, sent.walk_id)
    request.app.state.later = asyncio.get_running_loop().create_task(later())
"""

MECHANISMS = [
    Mechanism("the unique key of photos", "migrations/versions/0001_everything_a_walk_needs.py",
              '_moment("retry_at", null=True), sa.PrimaryKeyConstraint("id"),', '_moment("retry_at", null=True),',
              f"{AT_ONCE}::test_an_id_that_two_phones_minted_at_the_same_moment_belongs_to_one_of_them"),
    Mechanism("insert where absent, in one statement", "app/sync/ingest.py",
              ".on_conflict_do_nothing()", "",
              f"{AT_ONCE}::test_an_id_that_two_phones_minted_at_the_same_moment_belongs_to_one_of_them"),
    Mechanism("the lock on the participant (PostgreSQL)", "app/access/phones.py",
              "_HELD = _KNOWN.with_for_update()", "_HELD = _KNOWN",
              f"{AT_ONCE}::test_eight_copies_at_once_for_two_hundred_rounds_give_one_note_one_photo_and_equal_receipts"),
    Mechanism("a write that fails takes nothing of the others along (SQLite)", "app/writer.py",
              'join_transaction_mode="create_savepoint"', 'join_transaction_mode="rollback_only"',
              f"{SHARED}::test_what_goes_wrong_in_one_write_takes_nothing_of_the_others_along"),
    Mechanism("who is refused by the writer leaves nothing (SQLite)", "app/writer.py",
              '                raw.execute("ROLLBACK TO part")\n', "                pass\n",
              f"{SHARED}::test_who_is_refused_by_the_writer_leaves_nothing_and_costs_the_others_nothing"),
    Mechanism("nobody is told before the commit that all share (SQLite)", "app/writer.py",
              "        while not shared.over.wait(LOOK_S):\n            self._see_to(shared)\n"
              "        if not shared.kept:\n            raise TryAgain()\n", "",
              f"{SHARED}::test_nobody_is_told_before_the_commit_that_all_share"),
    Mechanism("commit, then reply", "app/sync/routes.py",
              "    kept = await db.written(keep, sent.walk_id)\n", LATER, CUTS),
    Mechanism("who is gone holds no rows (PostgreSQL)", "app/postgres.py",
              '"idle_in_transaction_session_timeout": int((LEISURE_S if at_leisure else REST_S) * 1000),', "",
              f"{WAITING}::test_a_server_that_is_frozen_in_the_midst_of_a_change_holds_its_walk_for_seconds_only"),
    Mechanism("a walk has its share of those who write (PostgreSQL)", "app/postgres.py",
              "CapacityLimiter(SHARE)", "CapacityLimiter(HANDS)",
              f"{WAITING}::test_a_crowd_whose_walk_is_held_is_told_in_time_and_other_walks_do_not_notice"),
    Mechanism("a silent database is given up (PostgreSQL)", "app/postgres.py",
              "timeout or self.patience_s", "timeout",
              f"{WAITING}::test_neither_a_line_at_rest_nor_one_in_use_is_listened_to_for_long"),
    Mechanism("a failed commit is told", "app/writer.py",
              "                self.connection.commit()\n",
              "                with suppress(Exception):\n                    self.connection.commit()\n",
              "tests/sync/test_contract.py::test_a_commit_that_fails_is_never_a_receipt"),
    Mechanism("the photo's file is on disk before its name", "app/photos/folder.py",
              "        for file, _path, _target in written:\n            os.fsync(file.fileno())\n", "",
              "tests/photos/test_vault.py::test_file_and_folder_are_on_disk_before_the_photo_has_its_name"),
    Mechanism("the photo's folder is on disk before the receipt", "app/photos/folder.py",
              "        sync_folder(written[0][2].parent)\n", "",
              "tests/photos/test_vault.py::test_file_and_folder_are_on_disk_before_the_photo_has_its_name"),
    Mechanism("a clean picture that is there stays", "app/photos/vault.py", "clean_of(photo_id, False)), anew=False)",
              "clean_of(photo_id, False)))",
              "tests/photos/test_late.py::test_a_server_that_is_late_puts_no_bare_picture_over_what_was_blurred_meanwhile[folder-postgresql]"),
    Mechanism("the database waits for the disk", "app/db.py", "synchronous=FULL", "synchronous=OFF",
              f"{DISKS}::test_where_fsync_fails_there_is_no_receipt"),
    Mechanism("file first, then the record", "app/photos/arrival.py",
              ARRIVING_KEPT + ARRIVED,
              ARRIVED + ARRIVING_KEPT,
              f"{DISKS}::test_a_photo_whose_file_cannot_be_kept_is_not_on_record_either"),
    Mechanism("half-written files are swept", "app/photos/folder.py",
              "                path.unlink()\n\n    # Inside", "                pass\n\n    # Inside", CUTS),
    Mechanism("numbers come in commit order", "app/db.py",
              '    return int(tx.connection().execute(_NEXT_SEQ, {"id": walk_id}).scalar_one())\n',
              "    with Session(tx.get_bind()) as apart:\n"
              '        number = int(apart.execute(_NEXT_SEQ, {"id": walk_id}).scalar_one())\n'
              "        apart.commit()\n    return number\n",
              f"{CHANGES}::test_a_number_handed_out_before_its_commit_leaves_no_hole[postgresql]"),
    Mechanism("a page of changes is read from one snapshot (PostgreSQL)", "app/db.py",
              'self.engine.execution_options(isolation_level="REPEATABLE READ")', "self.engine",
              f"{CHANGES}::test_a_page_is_read_from_one_moment_whatever_is_written_while_it_is[postgresql]"),
    Mechanism("a late revision changes only the history", "app/sync/ingest.py",
              "if held and sent.rev < held.rev:", "if held and sent.rev < 0:",
              "tests/sync/test_observations.py::test_revisions_in_the_wrong_order_end_the_same"),
    Mechanism("a photo is what was declared", "app/photos/arrival.py",
              "    if not same:\n        raise mismatch()\n", "", "tests/photos/test_upload.py"),
    Mechanism("the disk's trouble is told as try-again", "app/photos/vault.py",
              "        raise TryAgain() from trouble", "        raise", DISKS),
    Mechanism("a locked or full database is told as try-again", "app/writer.py",
              "except (OperationalError, InterfaceError, PoolTimeout) as trouble:", "except PoolTimeout as trouble:", DISKS),
    Mechanism("an unknown field is passed over", "app/sync/protocol.py", 'extra="ignore"', 'extra="forbid"',
              "tests/sync/test_wire.py"),
    # On the phone: these modules are built anew for each of the tests named here.
    Mechanism("one sender for all tabs", "static/js/turns.js",
              "if (!navigator.locks) return work(turn);", "return work(turn);",
              "tests/browser/test_tabs.py::test_eleven_tabs_send_each_note_and_each_photo_once"),
    Mechanism("a photo's receipt names it and its sum", "static/js/sync.js",
              "if (body.id !== photo.id || body.sha256 !== photo.sha256 || !HELD.includes(body.state)) throw notOurs();", "",
              f"{SYNC}::test_a_photo_receipt_must_name_the_photo_and_its_sum"),
    Mechanism("what was tried may be on the server", "static/js/sync.js",
              "  await outbox.markTried({ [id]: rev }).catch(outbox.unlessFull);\n", "",
              f"{SYNC}::test_a_note_deleted_after_its_reply_was_lost_is_deleted_there_too"),
    Mechanism("the server is asked before all is said to have arrived", "static/js/sync.js",
              "    await vouch(me);\n", "    vouchedFor = changes;\n",
              f"{SYNC}::test_a_restored_backup_without_this_phone_gets_everything_again"),
    Mechanism("a receipt counts for its own revision", "static/js/outbox.js",
              "const sent_rev = Math.max(before.sent_rev, rev);", "const sent_rev = before.content.rev;",
              f"{SYNC}::test_an_edit_made_while_the_words_were_on_their_way_goes_too"),
    Mechanism("a lost database is opened again", "static/js/database.js",
              'const LOST = ["InvalidStateError", "UnknownError", "AbortError"];', "const LOST = [];",
              "tests/browser/test_store.py::test_a_lost_connection_is_opened_again"),
]  # fmt: skip


def copy(folder: Path) -> Path:
    """The project as git has it, with what was installed and built."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for name in (".venv", "node_modules"):
        (folder / name).symlink_to(ROOT / name)
    for built in ("static/dist", "static/js/locales"):
        shutil.copytree(ROOT / built, folder / built, dirs_exist_ok=True)
    return folder


def noticed(project: Path, broken: Mechanism) -> str:
    """The failing test and what it said; empty where all passed."""
    path = project / broken.file
    whole = path.read_text("utf-8")
    assert whole.count(broken.before) == 1, f"{broken.name}: {broken.file} has changed"
    path.write_text(whole.replace(broken.before, broken.after), "utf-8")
    environment = os.environ | {"PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
        *broken.test.split(),
    ]
    try:
        done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=LIMIT_S)
        said = done.stdout
    except subprocess.TimeoutExpired:
        return ""  # no proof
    finally:
        path.write_text(whole, "utf-8")
    failed = [line for line in said.splitlines() if line.startswith("FAILED")]
    return failed[0][:200] if failed else ""


def main() -> int:
    chosen = [one for one in MECHANISMS if all(word in one.name for word in sys.argv[1:])]
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="tryg-broken-") as folder:
        project = copy(Path(folder))
        for one in chosen:
            answer = noticed(project, one)
            unnoticed += not answer
            print(f"without: {one.name}\n    {answer or 'NOBODY NOTICED: ' + one.test}", flush=True)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
