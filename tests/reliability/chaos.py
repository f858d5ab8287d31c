"""Everything breaks at random, under many phones; then it is counted. `python -m tests.reliability.chaos MINUTES` is `make chaos`.

Hides who breaks what when: app processes are killed or told to end, PostgreSQL is stopped at once or throws out its
connections, the S3 store is killed, each on its own and so at the same time as the others; all are started again a little
later. Promises real processes, phones that do as the contract says and no more, and that the count at the end is of every
note and photo: there once, at its newest revision, as it was sent, and every receipt kept. It ends with 1 where one is not.
"""

import random
import sys
import tempfile
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.objects import Weed, object_store
from tests.phone import LostOnTheWay
from tests.postgres import Cluster, cluster
from tests.reliability.counting import count
from tests.reliability.hands import PHONES, Run, walking
from tests.reliability.installation import installation, phones

SERVERS = 2


def _apps(run: Run, chance: random.Random, of_them: int) -> None:
    """One server is killed, or told to end, and started again; where its database is gone it ends, and is started again."""
    server = run.whole.servers[of_them]
    while not run.over.wait(chance.uniform(1, 8)):
        told = chance.random() < 0.3
        (server.stop if told else server.kill)()
        run.counted["servers told to end" if told else "servers killed"] += 1
        run.over.wait(chance.uniform(0, 3))
        begin(run, server)


def begin(run: Run, server: Any) -> None:
    while True:
        try:
            server.start()
            return
        except AssertionError:  # as a container that is started again whenever it ends
            run.counted["servers that could not start yet"] += 1
            server.kill()
            time.sleep(0.5)


def _database(run: Run, chance: random.Random, database: Cluster) -> None:
    while not run.over.wait(chance.uniform(2, 12)):
        if chance.random() < 0.5:
            with suppress(psycopg.Error):
                run.counted["connections thrown out"] += database.throw_out()
            continue
        database.stop()
        run.counted["PostgreSQL stopped at once"] += 1
        run.over.wait(chance.uniform(0, 4))
        database.start()


def _store(run: Run, chance: random.Random, store: Weed) -> None:
    while not run.over.wait(chance.uniform(5, 20)):
        store.kill()
        run.counted["S3 store killed"] += 1
        run.over.wait(chance.uniform(0, 4))
        store.start()


def _reader(run: Run, chance: random.Random) -> None:
    """Somebody who reads reports all the while."""
    run.whole.tryg("user", "add", "ida@kommune.example", "--role", "coordinator", "--organisation", "Aalborg Kommune")
    key = {"Authorization": f"Bearer {run.whole.tryg('user', 'key', 'ida@kommune.example')['key']}"}
    with phones(run.whole.door.url, "") as [line]:
        while not run.over.wait(0.5):
            path = (
                f"/walks/{chance.choice(run.walks)['walk_id']}/report{chance.choice(('', '.geojson', '.csv', '.zip'))}"
            )
            with suppress(LostOnTheWay):
                reply = line.network.send("GET", path, headers=key)
                run.counted[f"reports read: {reply.status_code}"] += 1
                if reply.status_code not in (200, 503):
                    run.wrong.append(f"{path}: {reply.status_code} {reply.text[:300]}")


def play(
    folder: Path, database: Cluster, url: str, store: Weed, minutes: float, phones_: int = PHONES, chance: str = "chaos"
) -> Run:
    """All of it, on a database of that cluster and a store of which nobody else needs anything meanwhile; what happened and
    what is wrong. The same `chance` breaks the same things after the same pauses."""
    with installation(folder, url, store, SERVERS) as whole:
        run = Run(whole)
        with walking(run, phones_) as hands, ThreadPoolExecutor(phones_ + 8) as pool:
            breaking = [
                *(pool.submit(_apps, run, random.Random(f"{chance} {one}"), one) for one in range(SERVERS)),
                pool.submit(_database, run, random.Random(f"{chance} database"), database),
                pool.submit(_store, run, random.Random(f"{chance} store"), store),
                pool.submit(_reader, run, random.Random(f"{chance} reader")),
            ]
            walking_ = [pool.submit(hand.walk) for hand in hands]
            wait(breaking + walking_, minutes * 60, FIRST_COMPLETED)  # sooner only where one has failed
            run.over.set()
            for one in breaking + walking_:
                one.result(120)
            for one in [pool.submit(hand.finish, 120) for hand in hands]:
                one.result(240)
            count(run, hands)
        run.wrong += whole.door.failures
        if "Traceback" in whole.said():
            run.wrong.append(whole.said())
        return run


def main() -> int:
    minutes, chance = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0, f"{time.time():.0f}"
    with (
        tempfile.TemporaryDirectory(prefix="tryg-chaos-") as folder,
        cluster() as database,
        object_store() as store,
        database.database() as url,
    ):
        run = play(Path(folder), database, url, store, minutes, chance=chance)
    print(f"{minutes:g} minutes, {PHONES} phones, chance {chance}: {run.told()}")
    for wrong in run.wrong:
        print(wrong, file=sys.stderr)
    print("something is wrong" if run.wrong else "each note and photo once, as it was sent; every receipt kept")
    return bool(run.wrong)


if __name__ == "__main__":
    sys.exit(main())
