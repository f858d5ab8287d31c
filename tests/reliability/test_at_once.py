"""The same request several times at once, as phones with a bad network send it: one of everything."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from sqlmodel import func, select

from app.db import Database
from app.models import Observation, Photo, Revision
from app.photos.vault import vault_of
from tests.cast import make_settings
from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import until
from tests.running import Server

COPIES, ROUNDS = 8, 200


def test_eight_copies_at_once_for_two_hundred_rounds_give_one_note_one_photo_and_equal_receipts(
    server: Server, photo_settings: dict[str, Any], database_url: str, every_database: str
) -> None:
    code = server.tryg("walk", "create", "--title", "Aftenvandring")["code"]
    limits = httpx.Limits(max_connections=COPIES, max_keepalive_connections=COPIES)
    with httpx.Client(base_url=server.url, timeout=30, limits=limits) as http, ThreadPoolExecutor(COPIES) as pool:
        phone = Phone(http, code).join()
        for number in range(ROUNDS):
            picture = Picture(jpeg(16, 16, (number, 0, 0), comment=str(number).encode()))
            note = phone.note(picture)
            words = list(pool.map(lambda _copy, note=note: phone.put(note), range(COPIES)))
            assert sorted(reply.status_code for reply in words) == [200] * (COPIES - 1) + [201]
            assert len({reply.content for reply in words}) == 1, {reply.text for reply in words}
            photos = list(pool.map(lambda _copy, photo=picture.id: phone.put_picture(photo), range(COPIES)))
            assert sorted(reply.status_code for reply in photos) == [200] * (COPIES - 1) + [201]
            # A copy that comes when its twin is cleaned already hears of that; all else is the same.
            assert len({(told := reply.json())["id"] + told["sha256"] + str(told["bytes"]) for reply in photos}) == 1
    db = Database(database_url)
    with db.read() as tx:
        for table in (Observation, Revision, Photo):
            assert tx.exec(select(func.count()).select_from(table)).one() == ROUNDS
    vault = vault_of(make_settings(server.data, **photo_settings))
    until(lambda: sum(name.startswith("kept/") and "thumbnail" not in name for name in vault.files()) == ROUNDS)
    until(lambda: len(list(vault.files())) == 2 * ROUNDS)  # each with its thumbnail, and no original or copy left over
    until(lambda: not list(server.data.rglob("new/*")))
    db.close()


def test_an_id_that_two_phones_minted_at_the_same_moment_belongs_to_one_of_them(
    server: Server, database_url: str, every_database: str
) -> None:
    code = server.tryg("walk", "create", "--title", "Aftenvandring")["code"]
    with httpx.Client(base_url=server.url, timeout=30) as http, ThreadPoolExecutor(2) as pool:
        phones = [Phone(http, code).join() for _number in range(2)]
        for number in range(40):
            note = phones[0].note(note="den ene")
            phones[1].made[note] = phones[0].made[note] | {"note": "den anden"}
            answers = [reply.status_code for reply in pool.map(lambda phone, note=note: phone.put(note), phones)]
            assert sorted(answers) == [201, 403], number
            with_photo = [phone.note(Picture(jpeg(colour=(number, 9, 9)), id=note)) for phone in phones]
            answers = [reply.status_code for reply in pool.map(Phone.put, phones, with_photo)]
            assert sorted(answers) == [201, 422], number
    db = Database(database_url)
    with db.read() as tx:
        assert tx.exec(select(func.count()).select_from(Observation)).one() == 80
        assert tx.exec(select(func.count()).select_from(Photo)).one() == 40
    db.close()
