"""The two languages a person can read us in: English in the code, Danish in one catalogue.

Hides gettext, the catalogue's place and how a browser's wish becomes "da" or "en". Python, templates and JS share
one domain; `python -m app.i18n` (see `app/catalogue.py`) keeps it in step with the source.
Promises: a message without a translation comes out in English, never as an error. The language belongs to the
request (a context variable), so two requests at once never mix. Never reads cookies or settings itself.
"""

import gettext as _stdlib
import io
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from jinja2 import Environment

DOMAIN, PHONE = "tryg", "phone"  # all of it in Danish; the walker's app in the languages that it alone speaks
LANGUAGES = ("da", "en")
DEFAULT = "da"
LOCALES = Path(__file__).parent / "locales"
FROM_THE_RIGHT = ("ar",)

_current: ContextVar[str] = ContextVar("language", default=DEFAULT)


def language() -> str:
    """The language of the request in hand: "da" or "en"; of the privacy notice alone, any of the walker's app."""
    return _current.get()


def direction(lang: str) -> str:
    """Which way its lines run, as HTML's `dir` says it."""
    return "rtl" if lang in FROM_THE_RIGHT else "ltr"


@contextmanager
def use(lang: str, among: Collection[str] = LANGUAGES) -> Iterator[None]:
    """Speak `lang` inside the block; anything that is not `among` these means Danish."""
    token = _current.set(lang if lang in among else DEFAULT)
    try:
        yield
    finally:
        _current.reset(token)


def language_of(accept_language: str | None, cookie: str | None = None) -> str:
    """ "da" or "en": the cookie (a choice somebody made) first, then the header's best of the two, else Danish."""
    return cookie if cookie in LANGUAGES else best_of(accept_language, LANGUAGES)


def best_of(accept_language: str | None, ours: Collection[str]) -> str:
    """The one of `ours` that the header likes best, else Danish."""
    best, best_weight = DEFAULT, 0.0
    for entry in (accept_language or "").split(","):
        tag, _, parameters = entry.partition(";")
        lang = tag.strip().lower().partition("-")[0]
        weight = _weight(parameters)
        if lang in ours and weight > best_weight:
            best, best_weight = lang, weight
    return best


def _weight(parameters: str) -> float:
    """The `q` of one Accept-Language entry; 1 where none is given, 0 where it is no number."""
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def gettext(message: str, /, **values: object) -> str:
    """`message` in the current language; `%(name)s` is filled in when values are given."""
    text = _translations(_current.get()).gettext(message)
    return text % values if values else text


def phone_text(lang: str, message: str) -> str:
    """`message` in a language of the walker's app, one of `all_languages()`."""
    return _translations(lang).gettext(message)


def phone_languages() -> list[str]:
    """What the walker's app speaks beside Danish and English, in the order of the alphabet."""
    return sorted(path.parent.parent.name for path in LOCALES.glob(f"*/LC_MESSAGES/{PHONE}.po"))


def all_languages() -> list[str]:
    """What the walker's app speaks: our two, then the others."""
    return [*LANGUAGES, *phone_languages()]


def ngettext(singular: str, plural: str, n: int, /, **values: object) -> str:
    """The form that fits `n`, filled in with `%(num)s` (n itself) and the values."""
    return _plural_form(singular, plural, n) % {"num": n, **values}


def _plural_form(singular: str, plural: str, n: int) -> str:
    return _translations(_current.get()).ngettext(singular, plural, n)


def mark(message: str) -> str:
    """Names a message for the catalogue where it is defined; translate it with `gettext` where it is shown."""
    return message


def install(env: Environment) -> None:
    """Give Jinja `_()`, `ngettext()` and `{% trans %}`; blocks are trimmed, so that they may span lines."""
    env.add_extension("jinja2.ext.i18n")
    env.policies["ext.i18n.trimmed"] = True
    env.install_gettext_callables(gettext, _plural_form, newstyle=True)  # type: ignore[attr-defined]


def _translations(lang: str) -> _stdlib.NullTranslations:
    """The catalogue of `lang`, ours or the phone's."""
    return _read(catalogue_path(lang, DOMAIN if lang in LANGUAGES else PHONE), lang)


@cache
def _read(path: Path, lang: str) -> _stdlib.NullTranslations:
    """What is in a .po, read once a process: nothing compiled can go stale or be forgotten."""
    if not path.exists():
        return _stdlib.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=lang, ignore_obsolete=True))
    compiled.seek(0)
    return _stdlib.GNUTranslations(compiled)


def catalogue_path(lang: str, domain: str = DOMAIN) -> Path:
    """Where the .po of `lang` is; English, the language of the msgids, has none."""
    return LOCALES / lang / "LC_MESSAGES" / f"{domain}.po"


if __name__ == "__main__":
    from app.catalogue import main

    sys.exit(main(sys.argv[1:]))
