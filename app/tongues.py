"""The walker's app in more languages than our pages have: one catalogue each, of the phone's texts and the taxonomy.

Hides the form of `app/locales/<language>/LC_MESSAGES/phone.po` and of what the phone is handed. Promises: a translator's
file may come from any editor of .po files, and keeps its header; a text without a translation is left out, so that the
phone says it in Danish or English; the words of the taxonomy are told by their context. Says "checked" only where the
header names somebody (`X-Checked-By`). Not needed while the app serves.
"""

import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from app import catalogue, i18n, taxonomy

WORDS = "taxonomy"  # the context of the taxonomy's words: the same English may be a button elsewhere
PSEUDO = "en-XA"
# The CLDR's plural rules, as gettext writes them; the forms stand in the CLDR's order, which the phone reads them in.
_SLAVIC = "n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2"
_TWO = "nplurals=2; plural=(n != 1);"
PLURALS = {
    "pl": f"nplurals=3; plural=(n==1 ? 0 : {_SLAVIC});",
    "uk": f"nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : {_SLAVIC});",
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
}
UNCHECKED = i18n.mark("Nobody who grew up with this language has checked the translation yet.")
_HEADER = re.compile(rb'\s*(?:#[^\n]*\n)*msgid ""\nmsgstr ""\n((?:"[^\n]*"\n)+)')
_EMPHASIS = re.compile(r"\*")
_STRETCHED = str.maketrans("aceilnorsuyACEILNORSUY", "åçéîłñöřšûýÅÇÉÎŁÑÖŘŠÛÝ")


def languages() -> list[str]:
    """The languages that have a catalogue, in the order of the alphabet."""
    return i18n.phone_languages()


def path_of(language: str) -> Path:
    return i18n.catalogue_path(language, i18n.PHONE)


def wanted() -> Catalog:
    """Everything the walker's app says, and the server to walkers; and the categories and factors."""
    found, _ = catalogue.extract_all()
    asked = Catalog(charset="utf-8")
    for message in found:
        if message.id and catalogue.on_phones(message):
            asked.add(message.id, locations=message.locations)
    asked.add(UNCHECKED)
    for category in taxonomy.categories():
        for named in (category, *category["factors"]):
            asked.add(named["en"], context=WORDS, auto_comments=[named["da"]])
    return asked


def header_of(content: bytes) -> dict[str, str]:
    """The header of a .po file by its names, in small letters."""
    found = _HEADER.match(content)
    lines = "".join(json.loads(line) for line in found[1].decode().splitlines()) if found else ""
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines.splitlines())}


def checked(header: dict[str, str]) -> bool:
    """Whether a native speaker has read it through."""
    return bool(header.get("x-checked-by"))


def forms_of(header: dict[str, str]) -> int:
    """How many forms a plural has."""
    found = re.search(r"nplurals\s*=\s*(\d)", header.get("plural-forms", ""))
    return int(found[1]) if found else 2


def read(content: bytes) -> dict[tuple[str, str | None], Message]:
    """The translated messages of a .po file, by English (singular) and context."""
    messages = read_po(BytesIO(content), ignore_obsolete=True)
    return {_key(one): one for one in messages if one.id and all(_forms(one)) and not one.fuzzy}


def _key(message: Message) -> tuple[str, str | None]:
    return (message.id if isinstance(message.id, str) else message.id[0], message.context)


def _forms(message: Message) -> tuple[str, ...]:
    return (message.string or "",) if isinstance(message.string, str | None) else tuple(message.string)


def fits(asked: Message, text: str | list[str], forms: int) -> str:
    """Why `text` cannot stand for `asked`; "" where it can."""
    given = [text] if isinstance(text, str) else text
    if asked.pluralizable != isinstance(text, list) or (asked.pluralizable and len(given) != forms):
        return f"wants {f'{forms} forms' if asked.pluralizable else 'one text'}"
    if not all(form.strip() for form in given):
        return "untranslated"
    english = [str(asked.id)] if isinstance(asked.id, str) else [str(one) for one in asked.id]
    needed, allowed = _names(english[0]), _names(english[0])
    for one in english:
        needed, allowed = needed & _names(one), allowed | _names(one)
    for at, form in enumerate(given):
        # The form of a single one may leave the number out, in Arabic that of none and of two as well.
        missing = needed - _names(form) - ({"n", "num"} if at < len(given) - 1 else set())
        if missing or _names(form) - allowed:
            return "placeholders differ"
        if len(_EMPHASIS.findall(form)) != len(_EMPHASIS.findall(english[0])):
            return "emphasis differs"
    return ""


def _names(text: str) -> set[str]:
    return {name for pair in re.findall(r"\{(\w+)\}|%\((\w+)\)s", text) for name in pair if name}


def put(language: str, given: dict[str, Any]) -> list[str]:
    """Writes what a translator made ({"phone": {…}, "taxonomy": {…}}) into the catalogue of `language`, which it begins where
    there is none. Returns a sentence for each text that does not fit; those are left as they were."""
    path = path_of(language)
    content = path.read_bytes() if path.exists() else _blank(language)
    forms, known, remarks = forms_of(header_of(content)), read(content), []
    now = wanted()
    asked = {_key(message): message for message in now if message.id}
    pairs = {(text, None): value for text, value in given.get("phone", {}).items()}
    pairs |= {(text, WORDS): value for text, value in given.get("taxonomy", {}).items()}
    for key, text in pairs.items():
        if key not in asked:
            remarks += [f"not in the walker's app: {key[0]}"] * (key[1] is None)
            continue
        reason = fits(asked[key], text, forms)
        if reason:
            remarks.append(f"{reason}, not set: {key[0]}")
        else:
            known[key] = Message(asked[key].id, text if isinstance(text, str) else tuple(text), context=key[1])
    catalogue.write(path, _rendered(content, known, now))
    return remarks


def _blank(language: str) -> bytes:
    plural = PLURALS.get(language, _TWO)
    named = {"Language": language, "MIME-Version": "1.0", "Content-Type": "text/plain; charset=utf-8",
             "Content-Transfer-Encoding": "8bit", "Plural-Forms": plural, "X-Checked-By": ""}  # fmt: skip
    lines = [json.dumps(f"{name}: {value}\n") for name, value in named.items()]
    return ("\n".join(['msgid ""', 'msgstr ""', *lines]) + "\n").encode()


def _rendered(before: bytes, known: dict[tuple[str, str | None], Message], now: Catalog) -> bytes:
    """The .po file: the header it had, then what is wanted `now`, with what is known of it."""
    found = _HEADER.match(before)
    assert found, "a .po file begins with its header"
    header = header_of(before)
    forms = forms_of(header)
    new = Catalog(charset="utf-8")
    new.mime_headers = [("Plural-Forms", header["plural-forms"])]  # how many forms are written
    for message in now:
        if not message.id:
            continue
        theirs = known.get(_key(message))
        text = theirs.string if theirs and theirs.pluralizable == message.pluralizable else None
        empty: Any = ("",) * forms if message.pluralizable else ""
        places = sorted(set(message.locations))
        new.add(message.id, text or empty, places, auto_comments=message.auto_comments, context=message.context)
    body = BytesIO()
    write_po(body, new, width=0, omit_header=True, sort_output=True, include_lineno=False)
    return found[0].lstrip() + b"\n" + body.getvalue().rstrip(b"\n") + b"\n"


def update() -> None:
    """Every catalogue has what the source has now."""
    now = wanted()
    for language in languages():
        content = path_of(language).read_bytes()
        catalogue.write(path_of(language), _rendered(content, read(content), now))


def missing(language: str) -> dict[str, Any]:
    """What a translator still has to do, in the form that `put` takes, in English."""
    known = read(path_of(language).read_bytes())
    open_ones = [message for message in wanted() if message.id and _key(message) not in known]
    return {
        "phone": {_key(one)[0]: list(one.id) if one.pluralizable else one.id for one in open_ones if not one.context},
        "taxonomy": {str(one.id): one.id for one in open_ones if one.context},
    }


def problems() -> list[str]:
    """What keeps a language from being complete, a sentence each."""
    sentences = []
    now = wanted()
    asked = [message for message in now if message.id]
    for language in languages():
        content = path_of(language).read_bytes()
        known, forms = read(content), forms_of(header_of(content))
        for message in asked:
            theirs = known.get(_key(message))
            reason = fits(message, _told(theirs), forms) if theirs else "untranslated"
            if reason:
                sentences.append(f"{language}: {reason}: {_key(message)[0]!r}")
        if not sentences and _rendered(content, known, now) != content:
            sentences.append(f"{language} is not as the source has it: python -m app.i18n update")
    return sentences


def write_texts(folder: Path) -> None:
    """One file for each language, for the front end's build: {"unchecked", "texts", "words"}."""
    for language in languages():
        content = path_of(language).read_bytes()
        known = read(content)
        told = {
            "unchecked": None if checked(header_of(content)) else _remark(known),
            "texts": {
                key[0]: _told(one)
                for key, one in sorted(known.items(), key=str)
                if key[1] != WORDS and _in_scripts(one)
            },
            "words": {key[0]: _told(one) for key, one in sorted(known.items(), key=str) if key[1] == WORDS},
        }
        catalogue.write(folder / f"{language}.json", (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode())


def _in_scripts(message: Message) -> bool:
    """Not what the server alone tells a walker: no script needs it."""
    files = [file for file, _ in message.locations]
    return not files or any(file.startswith("static/js/") for file in files)


def _remark(known: dict[tuple[str, str | None], Message]) -> dict[str, str]:
    own = known.get((UNCHECKED, None))
    with i18n.use("da"):
        return {"own": str(own.string) if own else UNCHECKED, "da": i18n.gettext(UNCHECKED), "en": UNCHECKED}


def _told(message: Message) -> str | list[str]:
    return list(_forms(message)) if message.pluralizable else str(message.string)


def pseudo() -> dict[str, Any]:
    """A language nobody speaks, in the same form: longer, with accents, in brackets. What shows none was never translated,
    and what does not fit would not fit in German either."""
    asked = [message for message in wanted() if message.id]
    return {
        "unchecked": {"own": _stretched(UNCHECKED), "da": UNCHECKED, "en": UNCHECKED},
        "texts": {
            _key(one)[0]: [_stretched(form) for form in one.id] if one.pluralizable else _stretched(str(one.id))
            for one in asked
            if not one.context
        },
        "words": {str(one.id): _stretched(str(one.id)) for one in asked if one.context},
    }


def _stretched(text: str) -> str:
    """⟦Šåvé thé ñöté ~~~⟧: a third longer, long words too; placeholders and stars as they are."""
    parts = [
        part if part.startswith(("{", "%(")) else _drawn_out(part) for part in re.split(r"(\{\w+\}|%\(\w+\)s)", text)
    ]
    return f"⟦{''.join(parts)}{' ~~~~~'[: 1 + len(text) // 3] if len(text) > 3 else ''}⟧"


def _drawn_out(text: str) -> str:
    return re.sub(r"\w{8,}", lambda word: word[0] + "ö" * (len(word[0]) // 4), text.translate(_STRETCHED))
