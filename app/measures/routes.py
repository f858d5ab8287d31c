"""The pages of a walk's measures, for those who plan the walk: the list, a new one from notes, one of them.

Hides forms, and which page follows which. Promises that nothing typed is lost to an error, that two who change one measure
at once are told of each other, and that every write is committed before its reply. Who may is decided in app.access.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app import pages
from app.access import guards
from app.access.answering import KnownMeasure, Measuring
from app.access.guards import WalkReader
from app.db import Db
from app.measures import changing, continuing, draft, measures, plan, proposal, quoting, words
from app.measures.changing import By
from app.measures.forms import OwnForm
from app.models import Measure, new_id, now
from app.privacy import looking
from app.problems import Problem
from app.walks.walks import stops_of

router = APIRouter(tags=["measures"])

FIELDS = ("place", "stop", "point", "problem", "measure", "kind", "partner", "unit", "deadline", "money", "priority",
          "status", "reason", "answer", "ticket", "revisit", "continues")  # fmt: skip
NoteIds = Annotated[list[str], Query(max_length=changing.MOST_NOTES)]


@router.get("/walks/{walk_id}/measures")
def get_measures(
    request: Request, reader: Measuring, db: Db, show: str = "open", partner: str = "", removed: str = ""
) -> Response:
    """The list. `removed`: the number of one that was just taken out."""
    looking.report(request, reader, "measures")
    with db.read() as tx:
        found = measures.of_walk(tx, reader.walk.id)
        today = measures.today_of(reader.walk, now())
        show = show if show in plan.SHOWS else "open"
        names = sorted({(one.partner_id or "none", one.partner) for one in found}, key=lambda one: one[1])
        gone = (
            measures.numbered(tx, reader.walk.id, int(removed))
            if removed.isascii() and removed.isdigit() and len(removed) < 7
            else None
        )
    return pages.render(
        request, "measures/list.html", walk=reader.walk, found=plan.listed(found, show, partner, today), all=found,
        counts=plan.counts(found, today), show=show, shows=plan.SHOWS, partner=partner, partners=names, today=today, words=words,
        gone=gone if gone and gone.removed_at else None,
    )  # fmt: skip


@router.get("/walks/{walk_id}/measures/new")
def get_new(
    request: Request, reader: Measuring, db: Db,
    note: NoteIds = [],  # noqa: B006  FastAPI copies it
    stop: str = "", into: str = "",
) -> Response:  # fmt: skip
    """The notes to choose from; or, with `note`, the form that is filled in from them. `into`: the number of a measure that
    shall rest on them too."""
    looking.report(request, reader, "measures")
    with db.read() as tx:
        chosen = changing.readable(tx, reader.walk, note, reader.sees)
        if chosen:
            found = plan.picks(tx, reader, chosen)
            made = proposal.propose(
                stops_of(tx, reader.walk.id), [one.note for one in found], measures.today_of(reader.walk, now())
            )
            return _new_page(request, tx, reader, note, plan.of_proposal(tx, reader, made), new_id())
        found, left_out = plan.to_choose(tx, reader, stop)
        return pages.render(
            request, "measures/choose.html", walk=reader.walk, picks=found, left_out=left_out, stop=stop, words=words,
            stops=stops_of(tx, reader.walk.id), into=_into(tx, reader, into),
        )  # fmt: skip


@router.post("/walks/{walk_id}/measures")
def post_measure(request: Request, reader: Measuring, db: Db, form: OwnForm) -> Response:
    """Makes a measure from notes. The same form again: the measure that it made."""
    notes, measure_id = [str(one) for one in form.getlist("note")], str(form.get("id", "")).lower()
    if not guards.UUID.fullmatch(measure_id):
        measure_id = new_id()
    typed = draft.typed(form, FIELDS)
    with db.read() as tx:
        chosen = [one.id for one in changing.readable(tx, reader.walk, notes, reader.sees)]
        typed.earlier = [one.id for one in continuing.earlier(tx, reader)]
    if not chosen:
        return _to(f"/walks/{reader.walk.id}/measures/new")
    made: Measure | None = None
    with db.write() as tx:
        wanted = draft.check(tx, reader.walk, typed, None, measures.today_of(reader.walk, now()))
        if not typed.errors and not typed.past:
            made = changing.make(tx, reader.walk, measure_id, chosen, wanted, By(reader.person.user.id))
        else:
            tx.rollback()  # a partner that the form named is made with the measure, or not at all
    if made is None:
        with db.read() as tx:
            return _new_page(request, tx, reader, notes, plan.of_draft(typed, {}), measure_id, typed)
    return _to(f"/walks/{reader.walk.id}/measures/{made.number}?made=yes")


@router.post("/walks/{walk_id}/measures/joining")
def post_joining(request: Request, reader: Measuring, db: Db, form: OwnForm) -> Response:
    """Lets a measure (`into`: its number) rest on further notes."""
    notes, into = [str(one) for one in form.getlist("note")], str(form.get("into", ""))
    with db.write() as tx:
        held = _into(tx, reader, into)
        chosen = changing.readable(tx, reader.walk, notes, reader.sees)
        if held is not None and not held.removed_at and chosen:
            measure = tx.get_one(Measure, held.id)
            changing.rest_on(tx, measure, [one.id for one in chosen], By(reader.person.user.id))
    return _to(f"/walks/{reader.walk.id}/measures" + (f"/{held.number}" if held else ""))


@router.get("/walks/{walk_id}/measures/{number}")
def get_measure(request: Request, known: KnownMeasure, reader: Measuring, db: Db, made: str = "") -> Response:
    """One measure: its form, its notes and photos, its history."""
    looking.report(request, reader, "measures")
    with db.read() as tx:
        return one_page(request, tx, reader, known, made=bool(made))


@router.post("/walks/{walk_id}/measures/{number}")
def post_change(request: Request, known: KnownMeasure, reader: Measuring, db: Db, form: OwnForm) -> Response:
    """Changes a measure, unless somebody else has done so meanwhile: then both are told."""
    typed, by = draft.typed(form, FIELDS), By(reader.person.user.id)
    typed.fields["revisit"] = str(form.get("revisit", ""))  # a box that is not ticked is not sent
    wanted: dict[str, Any] = {}
    try:
        with db.write() as tx:
            typed.earlier = [one.id for one in continuing.earlier(tx, reader)]
            wanted = draft.check(
                tx, reader.walk, typed, tx.get_one(Measure, known.id), measures.today_of(reader.walk, now())
            )
            if not typed.errors and not typed.past:
                changing.change(tx, known, typed.version, wanted, by)
            else:
                tx.rollback()
    except changing.Changed:
        with db.write() as tx:
            changing.keep_both(tx, known, wanted, by)
        with db.read() as tx:
            return one_page(request, tx, reader, known, typed, 409)
    if typed.errors or typed.past:
        with db.read() as tx:
            return one_page(request, tx, reader, known, typed, 422)
    return _to(f"/walks/{reader.walk.id}/measures/{known.number}")


@router.post("/walks/{walk_id}/measures/{number}/removal")
def post_removal(request: Request, known: KnownMeasure, reader: Measuring, db: Db, form: OwnForm) -> Response:
    """Takes a measure out of the plan; `back=yes` puts it back."""
    back = form.get("back") == "yes"
    with db.write() as tx:
        changing.remove(tx, known, By(reader.person.user.id), back=back)
    return _to(
        f"/walks/{reader.walk.id}/measures/{known.number}"
        if back
        else f"/walks/{reader.walk.id}/measures?removed={known.number}"
    )


@router.post("/walks/{walk_id}/measures/{number}/notes")
def post_notes(request: Request, known: KnownMeasure, reader: Measuring, db: Db, form: OwnForm) -> Response:
    """The measure rests on these notes no longer."""
    off = [str(one) for one in form.getlist("off")]
    try:
        with db.write() as tx:
            changing.rest_on(tx, known, off, By(reader.person.user.id), off=True)
    except Problem as wrong:
        if wrong.code != "invalid":
            raise
        with db.read() as tx:
            return one_page(request, tx, reader, known, status=422, told_wrong=wrong.detail)
    return _to(f"/walks/{reader.walk.id}/measures/{known.number}#notes")


def one_page(
    request: Request, tx: Session, reader: WalkReader, known: Measure, typed: draft.Draft | None = None, status: int = 200,
    *, made: bool = False, told_wrong: str = "",
) -> Response:  # fmt: skip
    """`typed`: what somebody wrote that was not kept; 409: because another had changed it."""
    told = measures.numbered(tx, reader.walk.id, known.number)
    assert told is not None
    held = plan.of_told(told)
    values = plan.of_draft(typed, held) if typed else held
    names, choices = plan.names(tx, reader), plan.choices(tx, reader, told)
    called = names | dict(choices)
    theirs = (
        plan.differences(held, values, lambda name, value: words.form_value(name, value, called))
        if status == 409
        else []
    )
    notes = changing.readable(tx, reader.walk, told.observation_ids, lambda row: reader.sees(row) or row.deleted)
    return pages.render(
        request, "measures/measure.html", status, walk=reader.walk, told=told, v=values, errors=typed.errors if typed else {},
        past=bool(typed and typed.past), theirs=theirs, last=next((step for step in reversed(told.steps) if "beside" not in step.changes), None),
        choices=choices, stops=stops_of(tx, reader.walk.id), picks=plan.picks(tx, reader, notes),
        unseen=len(told.observation_ids) - len(notes), today=measures.today_of(reader.walk, now()), words=words, made=made,
        steps=words.steps(told, names, reader.walk.timezone), texts=draft.TEXTS, told_wrong=told_wrong,
        before=continuing.choices(continuing.earlier(tx, reader), told.continues_id), goes_on_from=continuing.goes_on_from(tx, reader, told),
        goes_on_as=continuing.goes_on_as(tx, reader, told), quoted=quoting.outside(tx, [told]) != (told,),
    )  # fmt: skip


def _new_page(
    request: Request, tx: Session, reader: WalkReader, notes: list[str], values: dict[str, str], measure_id: str,
    typed: draft.Draft | None = None,
) -> Response:  # fmt: skip
    chosen = changing.readable(tx, reader.walk, notes, reader.sees)
    whole = dict.fromkeys(FIELDS, "") | values
    return pages.render(
        request, "measures/new.html", 422 if typed else 200, walk=reader.walk, picks=plan.picks(tx, reader, chosen), v=whole, id=measure_id,
        errors=typed.errors if typed else {}, past=bool(typed and typed.past), choices=plan.choices(tx, reader, None),
        stops=stops_of(tx, reader.walk.id), today=measures.today_of(reader.walk, now()), words=words, texts=draft.TEXTS,
        before=continuing.choices(continuing.earlier(tx, reader), None),
    )  # fmt: skip


def _into(tx: Session, reader: WalkReader, number: str) -> measures.Told | None:
    is_number = number.isascii() and number.isdigit() and len(number) < 7
    return measures.numbered(tx, reader.walk.id, int(number)) if is_number else None


def _to(address: str) -> Response:
    return RedirectResponse(address, 303, headers=pages.PRIVATE)
