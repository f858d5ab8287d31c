"""Two real servers on one PostgreSQL: a letter goes off once, a killed one's work is finished, what one hears both show."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text, update

from app.access import people, postman
from app.db import Database
from app.jobs import jobs_of
from app.models import Invitation, Walk, now
from tests.access.mailbox import Mailbox, served
from tests.phone import Phone
from tests.photos.pictures import until
from tests.postgres import Cluster
from tests.running import Server, free_port
from tests.walks.test_live import Desk, until_it_says

KEY = "et-langt-ord-til-maalere"


class SlowBox(Mailbox):
    """`held`: no letter is taken, whoever brings one waits at the counter; `waiting`: how many have come so."""

    held, waiting = False, 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.held:
            self.waiting += 1
            await asyncio.sleep(600)
            return "451 later"
        return await super().handle_DATA(server, session, envelope)


class Pair:
    def __init__(self, url: str, folder: Path, box: SlowBox, port: int) -> None:
        more = {"TRYG_DATABASE_URL": url, "TRYG_SECRET": "x" * 32, "TRYG_SMTP_URL": f"smtp://127.0.0.1:{port}",
                "TRYG_METRICS_KEY": KEY}  # fmt: skip
        self.url, self.box, self.db = url, box, Database(url)
        self.here, self.there = (Server(folder / name, **more) for name in ("here", "there"))

    def invites(self, *emails: str) -> None:
        with self.db.write() as tx:
            by = people.add(tx, "ida@kommune.example", "coordinator")
            for email in emails:
                user = people.add(tx, email, "organiser")
                tx.add(Invitation(user_id=user.id, invited_by=by.id))
            jobs_of(self.db, ()).ask(tx, postman.TASK)

    def is_idle(self) -> bool:
        with self.db.read() as tx:
            return not tx.connection().execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one()

    def tos(self) -> list[str]:
        return sorted(str(letter["To"]) for letter in self.box.letters)


@pytest.fixture(scope="module")
def pair(postgres: Cluster, migrated_postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    port = free_port()
    with postgres.database(migrated_postgres) as url, served(SlowBox(), port) as box:
        pair = Pair(url, tmp_path_factory.mktemp("pair"), box, port)
        try:
            pair.here.start()
            pair.there.start()
            yield pair
        finally:
            pair.db.close()
            pair.there.stop()
            pair.here.stop()


def test_a_letter_goes_off_once_though_two_servers_look(pair: Pair) -> None:
    wanted = [f"{number}@samraad.example" for number in range(4)]
    for email in wanted:
        pair.invites(email)
    pair.box.wait(letters=4)
    until(pair.is_idle)
    assert pair.tos() == wanted
    told = httpx.get(f"{pair.there.url}/metrics", headers={"Authorization": f"Bearer {KEY}"}).text
    assert 'tryg_jobs{state="failed"} 0' in told


def test_a_note_at_one_server_shows_at_the_other_and_what_nobody_tells_of_is_found(pair: Pair) -> None:
    leader = Desk(pair.here, database=pair.url)
    with leader.follow() as news, httpx.Client(base_url=pair.there.url, timeout=30) as line:
        next(news)
        phone = Phone(line, leader.code).join()
        for number in (1, 2):
            phone.put(phone.note())
            until_it_says(news, "figures", f"er nået frem {number}")
        with pair.db.write() as tx:  # as a release does that tells nobody
            tx.exec(update(Walk).where(Walk.id == leader.walk_id).values(paused_at=now(), seq=Walk.seq + 1))  # type: ignore[arg-type]
        until_it_says(news, "now", "ause")
        assert len(phone.made) == 2
    leader.close()


def test_a_letter_over_which_a_server_was_killed_is_taken_up_by_the_other(pair: Pair) -> None:
    pair.there.stop()
    pair.box.letters.clear()
    pair.box.held = True
    pair.invites("nina@samraad.example")
    until(lambda: pair.box.waiting)
    pair.there.start()
    pair.here.kill()
    pair.box.held = False
    with pair.db.write() as tx:  # as it is once the pause after a failed try is over
        tx.exec(update(Invitation).where(Invitation.sent_at.is_(None)).values(retry_at=None))  # type: ignore[union-attr,arg-type]
    pair.box.wait(letters=1)
    until(pair.is_idle)
    assert pair.tos() == ["nina@samraad.example"]
    assert "is taken up again: its server is gone" in pair.there.said()
    pair.here.start()
