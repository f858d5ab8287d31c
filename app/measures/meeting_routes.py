"""The follow-up meeting over HTTP, and its minutes.

Hides which measure comes next. Promises that what is typed at a meeting is kept before the next measure comes, and that
somebody who answers by their own page meanwhile is not overwritten.
"""

from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from sqlmodel import Session

from app import pages
from app.access.answering import KnownMeasure, Measuring
from app.access.guards import WalkReader
from app.db import Db
from app.measures import changing, draft, measures, meeting, plan, words
from app.measures.changing import By
from app.measures.forms import OwnForm
from app.models import Measure, now
from app.privacy import looking
from app.problems import Problem

router = APIRouter(tags=["measures"])

DECIDED = ("status", "deadline", "partner", "answer", "reason")


@router.get("/walks/{walk_id}/measures/meeting")
def get_meeting(request: Request, reader: Measuring, db: Db, at: str = "") -> Response:
    """One open measure, large. `at`: its number."""
    looking.report(request, reader, "minutes")
    with db.read() as tx:
        return _page(request, tx, reader, int(at) if at.isascii() and at.isdigit() and len(at) < 7 else None)


@router.post("/walks/{walk_id}/measures/{number}/meeting")
def post_decision(request: Request, known: KnownMeasure, reader: Measuring, db: Db, form: OwnForm) -> Response:
    """Keeps what was said and decided, and goes on to the next one, or to the minutes after the last."""
    typed, by = draft.typed(form, DECIDED), By(reader.person.user.id)
    said = draft.said(form.get("said", "")).strip()[: changing.WORD]
    today, wanted = measures.today_of(reader.walk, now()), dict[str, Any]()
    try:
        with db.write() as tx:
            wanted = draft.check(tx, reader.walk, typed, tx.get_one(Measure, known.id), today)
            if not typed.errors and not typed.past:
                changing.change(tx, known, typed.version, wanted, by, said=said, meeting=today.isoformat())
            else:
                tx.rollback()
    except changing.Changed:
        with db.write() as tx:
            changing.keep_both(tx, known, wanted, by)
        with db.read() as tx:
            return _page(request, tx, reader, known.number, typed, said, 409)
    if typed.errors or typed.past:
        with db.read() as tx:
            return _page(request, tx, reader, known.number, typed, said, 422)
    with db.read() as tx:
        turn = meeting.turn(measures.of_walk(tx, reader.walk.id), known.number)
    base = f"/walks/{reader.walk.id}/measures"
    on = f"{base}/meeting?at={turn.after}" if turn and turn.after else f"{base}/minutes?day={today.isoformat()}"
    return RedirectResponse(on, 303, headers=pages.PRIVATE)


@router.get("/walks/{walk_id}/measures/minutes")
def get_minutes(request: Request, reader: Measuring, db: Db, day: str = "") -> Response:
    looking.read(request, reader.person, "minutes", reader.walk)
    with db.read() as tx:
        found = measures.of_walk(tx, reader.walk.id, removed=True)
        days = meeting.days(found)
        chosen = _day(day, days)
        told = meeting.minutes(found, chosen, plan.names(tx, reader)) if chosen else []
    return pages.render(
        request, "measures/minutes.html", walk=reader.walk, days=days, day=chosen, told=told, words=words
    )


@router.get("/walks/{walk_id}/measures/minutes.txt", response_class=PlainTextResponse)
def get_minutes_text(request: Request, reader: Measuring, db: Db, day: str = "") -> Response:
    with db.read() as tx:
        found = measures.of_walk(tx, reader.walk.id, removed=True)
        chosen = _day(day, meeting.days(found))
        if chosen is None:
            raise Problem("not-found")
        looking.exported(request, reader.person, "minutes.txt", reader.walk, of=chosen.isoformat())
        told = meeting.text(reader.walk.title, chosen, meeting.minutes(found, chosen, plan.names(tx, reader)))
    named = {"Content-Disposition": f'attachment; filename="referat-{chosen.isoformat()}.txt"'}
    return PlainTextResponse(told, headers=pages.PRIVATE | named)


def _page(
    request: Request, tx: Session, reader: WalkReader, number: int | None, typed: draft.Draft | None = None, said: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    found = measures.of_walk(tx, reader.walk.id)
    turn = meeting.turn(found, number)
    told = turn.told if turn else None
    held = plan.of_told(told) if told else {}
    values = plan.of_draft(typed, held) if typed else held
    choices = plan.choices(tx, reader, told)
    called = plan.names(tx, reader) | dict(choices)
    theirs = (
        plan.differences(held, values, lambda name, value: words.form_value(name, value, called))
        if status == 409
        else []
    )
    notes = changing.readable(tx, reader.walk, told.observation_ids, reader.sees) if told else []
    last = next((step for step in reversed(told.steps) if "beside" not in step.changes), None) if told else None
    return pages.render(
        request, "measures/meeting.html", status, walk=reader.walk, turn=turn, told=told, v=values, said=said, last=last,
        errors=typed.errors if typed else {}, past=bool(typed and typed.past), theirs=theirs, choices=choices, found=found,
        picks=plan.picks(tx, reader, notes), today=measures.today_of(reader.walk, now()), words=words, texts=draft.TEXTS,
    )  # fmt: skip


def _day(written: str, days: list[date]) -> date | None:
    """The day that was asked for, where there was a meeting on it; else the newest."""
    return next((one for one in days if one.isoformat() == written), next(iter(days), None))
