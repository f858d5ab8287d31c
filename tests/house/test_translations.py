"""Danish is complete, and the tools that keep it so do what they promise."""

import json
import re
from io import BytesIO
from pathlib import Path

import pytest

from app import catalogue, i18n


def test_every_text_is_there_in_danish() -> None:
    assert not catalogue.problems()


@pytest.mark.parametrize(
    ("header", "cookie", "expected"),
    [
        ("da", None, "da"),
        ("en-GB,en;q=0.9", None, "en"),
        ("de,en;q=0.5,da;q=0.4", None, "en"),
        ("en;q=0.4,da;q=0.5", None, "da"),
        ("de", None, "da"),
        ("", None, "da"),
        (None, None, "da"),
        ("en;q=nonsense", None, "da"),
        ("en;q=0", None, "da"),
        ("en", "da", "da"),
        ("da", "en", "en"),
        ("en", "klingon", "en"),
    ],
)
def test_the_browser_decides_until_somebody_has_chosen(header: str | None, cookie: str | None, expected: str) -> None:
    assert i18n.language_of(header, cookie) == expected


def test_english_counts_in_plurals_without_a_catalogue() -> None:
    with i18n.use("en"):
        assert i18n.ngettext("%(num)s stop", "%(num)s stops", 1) == "1 stop"
        assert i18n.ngettext("%(num)s stop", "%(num)s stops", 0) == "0 stops"


def test_a_text_that_was_never_translated_comes_out_in_english() -> None:
    with i18n.use("da"):
        assert i18n.gettext("No such text, %(who)s", who="Ida") == "No such text, Ida"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source tree of its own: app/, templates/ and static/js/, with an empty catalogue."""
    for folder in ("app/locales", "templates", "static/js/screens"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue, "SCRIPTS", tmp_path / "static/js")
    monkeypatch.setattr(catalogue, "SCRIPT_TEXTS", tmp_path / "static/js/locales/da.json")
    monkeypatch.setattr(catalogue, "LOCALES", tmp_path / "app/locales")
    monkeypatch.setattr(i18n, "LOCALES", tmp_path / "app/locales")
    return tmp_path


def give(monkeypatch: pytest.MonkeyPatch, pairs: object) -> None:
    monkeypatch.setattr("sys.stdin", BytesIO(json.dumps(pairs).encode()))
    assert catalogue.main(["set"]) == 0


def test_texts_are_found_in_templates_within_templates_of_a_script(elsewhere: Path) -> None:
    (elsewhere / "static/js/screens/a.js").write_text(
        """/** Never t("a comment"). */
const page = html`<p>${on ? html`<b title=${t("It’s “on”")}>${t('Don\\'t')}</b>` : plural(n(), "{n} photo", "{n} photos")}</p>`;
format("no text"); map.set("none"); const names = [mark("Safe")];
""",
        "utf-8",
    )
    found, unreadable = catalogue.extract_all()
    assert {message.id for message in found if message.id} == {
        "It’s “on”",
        "Don't",
        ("{n} photo", "{n} photos"),
        "Safe",
    }
    assert not unreadable


@pytest.mark.parametrize("call", ["t(`Hello`)", "t(`Hello ${name}`)", 't("Hello " + name)'])
def test_a_text_that_cannot_be_found_is_reported(elsewhere: Path, call: str) -> None:
    (elsewhere / "static/js/a.js").write_text(call)
    assert [sentence for sentence in catalogue.problems() if sentence.startswith("static/js/a.js:1")]


def test_scripts_are_handed_their_own_texts_and_no_others(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "app/a.py").write_text('_("Only in Python")')
    (elsewhere / "static/js/a.js").write_text('t("Save"); plural(n, "{n} photo", "{n} photos")')
    give(monkeypatch, {"Only in Python": "x", "Save": "Gem", "{n} photo": ["{n} billede", "{n} billeder"]})
    texts = json.loads((elsewhere / "static/js/locales/da.json").read_text("utf-8"))
    assert texts == {"Save": "Gem", "{n} photo": ["{n} billede", "{n} billeder"]}


def test_texts_of_planning_alone_are_apart_so_that_no_walkers_phone_fetches_them(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / "static/js/planning").mkdir()
    (elsewhere / "static/js/planning/a.js").write_text('t("Draw"); t("Save")')
    (elsewhere / "static/js/a.js").write_text('t("Save")')
    give(monkeypatch, {"Draw": "Tegn", "Save": "Gem"})
    locales = elsewhere / "static/js/locales"
    assert json.loads((locales / "da.json").read_text("utf-8")) == {"Save": "Gem"}
    assert json.loads((locales / "planning.json").read_text("utf-8")) == {"Draw": "Tegn"}


def test_a_translation_outlives_the_absence_of_its_text(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = elsewhere / "app/a.py"
    source.write_text('_("Save")')
    give(monkeypatch, {"Save": "Gem", "Not written yet": "Kommer"})
    source.write_text("")
    catalogue.main(["update"])
    assert [sentence for sentence in catalogue.problems() if sentence.startswith("obsolete: 'Save'")]
    source.write_text('_("Save"); _("Not written yet")')
    catalogue.main(["update"])
    assert not catalogue.problems()


def test_a_placeholder_that_was_translated_is_refused(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "app/a.py").write_text('_("Hello %(name)s")')
    give(monkeypatch, {"Hello %(name)s": "Hej %(navn)s"})
    assert [sentence for sentence in catalogue.problems() if sentence.startswith("untranslated: 'Hello %(name)s'")]


def test_the_catalogue_is_written_the_same_whatever_the_order(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "app/a.py").write_text('_("B"); _("A")')
    give(monkeypatch, {"A": "a", "B": "b"})
    first = i18n.catalogue_path("da").read_bytes()
    (elsewhere / "app/a.py").write_text('\n\n_("A"); _("B"); _("A")')
    catalogue.main(["update"])
    assert i18n.catalogue_path("da").read_bytes() == first


def test_what_is_fetched_later_brings_its_danish_along() -> None:
    scripts = {path.relative_to(catalogue.ROOT).as_posix(): path.read_text("utf-8")
               for path in catalogue.SCRIPTS.rglob("*.js")}  # fmt: skip
    speaking = {name: text for name, text in scripts.items() if re.search(r"(?<![\w.])(?:t|plural)\(", text)}
    planning, later = catalogue.LATER["planning.json"], catalogue.LATER["later.json"]
    assert [name for name in speaking if name.startswith(planning)]
    assert "./planning/words.js" in scripts["static/js/plan.js"]
    assert "../walking/words.js" in scripts["static/js/screens/later.js"]
    others = {name: text for name, text in speaking.items() if name.startswith(later) and not name.startswith(planning)}
    assert len(others) >= 2
    assert not [name for name, text in others.items() if '/later.js";' not in text]
