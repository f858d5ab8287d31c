"""Keeps the catalogues in step with Python, templates and JS: `python -m app.i18n update|set|missing|compile|check|clean`.

Hides extraction, the .po file's form and the lock that lets several people work at once. Promises: the file's order
and form depend on the texts alone (no dates, no line numbers); a translation is never dropped by `update` or `set`
(a text that has gone from the source is kept as obsolete until `clean`). Not needed while the app serves.
"""

import ast
import fcntl
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2 import TemplateSyntaxError

from app.i18n import LOCALES, catalogue_path

ROOT = Path(__file__).parent.parent
SCRIPTS = ROOT / "static" / "js"
TRANSLATED = "da"
SCRIPT_TEXTS = SCRIPTS / "locales" / f"{TRANSLATED}.json"
# What the server alone tells a walker: what a phone says of the app before it is opened, and the privacy notice.
TOLD = ("app/shell.py", "app/privacy/papers.py", "app/privacy/keeping.py")
_PLANNING = "static/js/planning/"
_WALKING = (
    *("static/js/walking/", "static/js/track.js", "static/js/mishaps/later.js"),
    *(f"static/js/screens/{name}.js" for name in ("others", "feed", "entries", "map", "pin")),
)
_BESIDE = (
    "static/js/blurring/",
    "static/js/mishaps/beside.js",
    *(f"static/js/screens/{name}.js" for name in ("blur", "heed", "help", "voice")),
)
LATER = {  # by file of texts: who alone uses them, and imports planning/words.js, walking/words.js (screens/later.js), screens/beside.js, installed/standing.js or later.js
    "planning.json": (_PLANNING,),
    "walking.json": _WALKING,
    "beside.json": _BESIDE,
    "installed.json": ("static/js/installed/", "static/js/screens/shared.js"),
    "own.json": ("static/js/screens/own.js",),
    "copy.json": ("static/js/copy.js",),
    "later.json": (
        _PLANNING,
        "static/js/elements/",
        "static/js/reading/",
        "static/js/pocket.js",
        "static/js/mishaps/map.js",
        *_WALKING,
    ),
}
KEYWORDS = {"_": None, "gettext": None, "mark": None, "ngettext": (1, 2)}
JINJA = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
HEADER = (
    'msgid ""\nmsgstr ""\n"Language: da\\n"\n"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    '"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
)

_STRING = r"""(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
_JS_CALL = re.compile(
    rf"(?<![\w.$])(?:(?:t|mark)\(\s*(?P<text>{_STRING})\s*[,)]"
    rf"|plural\([^\"'`]*?,\s*(?P<one>{_STRING})\s*,\s*(?P<many>{_STRING})\s*[,)])"
)
_JS_UNREADABLE = re.compile(rf"(?<![\w.$])(?:t\(\s*`|t\(\s*{_STRING}\s*\+)")
_JS_COMMENT = re.compile(r"^\s*(?://|/?\*)")
_PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]|\{(\w+)\}")


def extract_all() -> tuple[Catalog, list[str]]:
    """Every text of the source with the files it is in, and the files that could not be read, a sentence each."""
    found, unreadable = Catalog(charset="utf-8"), []
    sources = [("python", path) for path in (ROOT / "app").rglob("*.py")]
    sources += [("jinja2.ext.babel_extract", path) for path in (ROOT / "templates").rglob("*.html")]
    for method, path in sorted(sources, key=lambda source: source[1]):
        try:
            with path.open("rb") as file:
                for _, message, _, _ in extract(method, file, KEYWORDS, options={**JINJA}):
                    _add(found, message, path)
        except (TemplateSyntaxError, SyntaxError) as problem:
            unreadable.append(f"{path.relative_to(ROOT)}: {problem}")
    for path in sorted(SCRIPTS.rglob("*.js")):
        unreadable += _extract_script(found, path)
    return found, unreadable


def _extract_script(found: Catalog, path: Path) -> list[str]:
    """Adds the `t()`, `mark()` and `plural()` texts of one module.

    Looks for the calls themselves instead of lexing the file: Babel's lexer loses its way in lit templates within
    templates, and only plain string literals are texts anyway.
    """
    lines = path.read_text("utf-8").splitlines()
    code = "\n".join("" if _JS_COMMENT.match(line) else line for line in lines)
    for call in _JS_CALL.finditer(code):
        texts = [ast.literal_eval(text) for text in call.group("text", "one", "many") if text]
        _add(found, texts[0] if len(texts) == 1 else tuple(texts), path)
    return [
        f"{path.relative_to(ROOT)}:{code.count(chr(10), 0, call.start()) + 1}: t() takes one plain string"
        for call in _JS_UNREADABLE.finditer(code)
    ]


def _add(found: Catalog, message: str | tuple[str, ...], path: Path) -> None:
    if message and (isinstance(message, str) or all(message)):
        found.add(message, locations=[(path.relative_to(ROOT).as_posix(), 0)])


def merged(old: Catalog, found: Catalog) -> Catalog:
    """The texts of `found` with the translations of `old`; what only `old` has becomes obsolete."""
    known = {_key(message): message for message in [*old.obsolete.values(), *old] if message.id}
    new = Catalog(locale=TRANSLATED, charset="utf-8")
    for message in found:
        if not message.id:
            continue
        before = known.pop(_key(message), None)
        string = before.string if before and before.pluralizable == message.pluralizable else None
        new.add(message.id, string, sorted(set(message.locations)), before.flags if before else ())
    for message in known.values():
        if any(_forms(message)):
            new.obsolete[_key(message)] = message
    return new


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _forms(message: Message) -> tuple[str, ...]:
    return (message.string or "",) if isinstance(message.string, str | None) else tuple(message.string)


def read(source: IO[bytes]) -> Catalog:
    """The catalogue in a .po file."""
    return read_po(source, locale=TRANSLATED)


def rendered(catalog: Catalog) -> bytes:
    """The .po file's bytes: sorted by msgid, one reference for each file."""
    body = BytesIO()
    write_po(body, catalog, width=0, omit_header=True, sort_output=True, include_lineno=False)
    return HEADER.encode() + body.getvalue().rstrip(b"\n") + b"\n"


def _on_disk() -> bytes:
    path = catalogue_path(TRANSLATED)
    return path.read_bytes() if path.exists() else HEADER.encode()


@contextmanager
def _locked() -> Iterator[Catalog]:
    """The catalogue merged with the source, alone with it; what the block made of it is written."""
    folder = os.open(LOCALES, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        found, unreadable = extract_all()
        for sentence in unreadable:
            print(sentence, file=sys.stderr)
        catalog = merged(read(BytesIO(_on_disk())), found)
        yield catalog
        write(catalogue_path(TRANSLATED), rendered(catalog))
        write_script_texts(catalog)
    finally:
        os.close(folder)


def write(path: Path, content: bytes) -> None:
    """The file has this content, at once; it is left alone where it has it already."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    os.replace(beside, path)


def write_script_texts(catalog: Catalog) -> None:
    """Into `static/js/locales/`, for the bundle, the texts that occur in static/js, and no others: `da.json`; beside it,
    so that a walker's phone does not fetch them at once or at all, those that occur only in what LATER names."""
    parts: dict[str, dict[str, Any]] = {SCRIPT_TEXTS.name: {}, **{name: {} for name in LATER}}
    for message in catalog:
        if message.id and all(_forms(message)) and (files := _scripts(message)):
            fits = (name for name, places in LATER.items() if all(file.startswith(places) for file in files))
            text = list(_forms(message)) if message.pluralizable else message.string
            parts[next(fits, SCRIPT_TEXTS.name)][_key(message)] = text
    for name, texts in parts.items():
        written = json.dumps(dict(sorted(texts.items())), ensure_ascii=False, indent=1) + "\n"
        write(SCRIPT_TEXTS.with_name(name), written.encode())


def _scripts(message: Message) -> list[str]:
    return [file for file, _ in message.locations if file.startswith("static/js/")]


def on_phones(message: Message) -> bool:
    """Whether the walker's app says it, or the server of it to walkers; what only the planning of a walk says is no text of the phone's."""
    told = any(file in TOLD for file, _ in message.locations)
    return told or any(not file.startswith(_PLANNING) for file in _scripts(message))


def put(catalog: Catalog, pairs: dict[str, str | list[str]]) -> list[str]:
    """Writes translations into the catalogue; returns a sentence for each pair that does not fit."""
    remarks = []
    for msgid, text in pairs.items():
        message = catalog.get(msgid)
        if message is None:
            remarks.append(f"not in the source, kept as obsolete: {msgid}")
            catalog.obsolete[msgid] = Message(msgid if isinstance(text, str) else (msgid, msgid), text)
        elif message.pluralizable != isinstance(text, list) or (isinstance(text, list) and len(text) != 2):
            remarks.append(f"wants {'[singular, plural]' if message.pluralizable else 'one text'}: {msgid}")
        else:
            before, message.string = message.string, text if isinstance(text, str) else tuple(text)
            message.flags.discard("fuzzy")
            if _placeholders_differ(message):
                message.string = before
                remarks.append(f"placeholders differ, not set: {msgid}")
    return remarks


def problems() -> list[str]:
    """What keeps the catalogue from being complete and true, a sentence each; empty when all is well."""
    on_disk = _on_disk()
    found, sentences = extract_all()
    catalog = merged(read(BytesIO(on_disk)), found)
    for message in catalog:
        if not message.id:
            continue
        if not all(_forms(message)):
            sentences.append(f"untranslated: {_key(message)!r} ({', '.join(file for file, _ in message.locations)})")
        elif _placeholders_differ(message):
            sentences.append(f"placeholders differ: {_key(message)!r}")
        if message.fuzzy:
            sentences.append(f"fuzzy: {_key(message)!r}")
    sentences += [f"obsolete: {msgid!r} (python -m app.i18n clean)" for msgid in catalog.obsolete]
    if not sentences and rendered(catalog) != on_disk:
        sentences.append("the catalogue is not as the source has it: python -m app.i18n update")
    return sentences


def _placeholders_differ(message: Message) -> bool:
    """A plural's singular may leave the number out; every other form names what its English names."""

    def names(text: str) -> set[str]:
        return {python or script for python, script in _PLACEHOLDER.findall(text)}

    forms = _forms(message)
    if isinstance(message.id, str):
        return names(message.id) != names(forms[0])
    singular, plural = message.id
    return names(forms[-1]) != names(plural) or not names(forms[0]) <= names(singular) | names(plural)


def main(arguments: list[str]) -> int:
    """One of update, set (JSON on stdin), missing, compile, check, clean; returns the exit code."""
    from app import tongues  # which is made of what stands here

    match arguments:
        case ["update"]:
            with _locked():
                tongues.update()
        case ["clean"]:
            with _locked() as catalog:
                catalog.obsolete.clear()
        case ["set", *language] if len(language) < 2:
            pairs = json.load(sys.stdin)
            with _locked() as catalog:
                remarks = tongues.put(language[0], pairs) if language else put(catalog, pairs)
            tongues.write_texts(SCRIPT_TEXTS.parent)
            print("\n".join([*remarks, f"{len(pairs)} pairs read, {len(remarks)} remarks"]))
        case ["missing", language]:
            print(json.dumps(tongues.missing(language), ensure_ascii=False, indent=1))
        case ["compile"]:
            write_script_texts(read(BytesIO(_on_disk())))
            tongues.write_texts(SCRIPT_TEXTS.parent)
        case ["check"]:
            sentences = problems() + tongues.problems()
            print("\n".join(sentences) or "the catalogues are complete")
            return 1 if sentences else 0
        case _:
            print(
                "usage: python -m app.i18n update|set [language]|missing language|compile|check|clean", file=sys.stderr
            )
            return 2
    return 0
