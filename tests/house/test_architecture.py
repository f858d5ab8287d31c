"""Who may import whom, and what happens in one place only: the house's rules, read from the source itself."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from fastapi import Depends, Request

from app.access.phones import Key, Straight

ROOT = Path(__file__).parents[2]
APP = ROOT / "app"
JS = ROOT / "static" / "js"

FEATURES = {"access", "walks", "sync", "photos", "review", "measures", "report", "basemap", "privacy",
            "copies", "gathering", "overview"}  # fmt: skip
LEAVES = {"app.settings", "app.models", "app.problems", "app.sync.protocol"}
WORDS = {"app.i18n"}  # every sentence is said in the reader's language, a leaf's too
# What features share: the schema, the database, failures, words, pages, the taxonomy.
FLOOR = {
    "app",
    "app.models",
    "app.db",
    "app.problems",
    "app.i18n",
    "app.settings",
    "app.pages",
    "app.taxonomy",
    "app.earth",
    "app.streaming",
    "app.typesetting",
    "app.basemap",  # itself, not its modules: what every page's map is drawn on
}
# (feature or *, what it may use of another feature). A walk's life is one place that all may ask, and the wire
# contract's words (a leaf) are everybody's.
ACROSS = {
    ("*", "app.access.guards"),
    ("*", "app.access.phones"),
    ("*", "app.access.forms"),
    ("*", "app.access.limits"),
    ("*", "app.access.notes"),
    ("*", "app.privacy.trail"),  # whatever happens to personal data is logged where it happens
    ("*", "app.privacy.looking"),
    ("access", "app.review.personal"),  # patterns that know nothing of ours
    ("*", "app.walks.walks"),
    ("*", "app.sync.protocol"),
    ("walks", "app.sync.ingest"),  # a row of whoever mints its id is put once, wherever it comes from
    ("basemap", "app.walks.marks"),  # residents need the ground under their marks
    # A walk back asks about what was promised, in the words that are public.
    ("walks", "app.measures.measures"),
    ("walks", "app.measures.quoting"),
    ("walks", "app.measures.words"),
    ("walks", "app.review.personal"),
    ("walks", "app.basemap.picture"),  # the way is printed on the walk's own map
    ("sync", "app.photos.vault"),
    ("report", "app.photos.vault"),
    ("review", "app.photos.vault"),
    ("review", "app.photos.sending"),  # a recording is heard there, piece by piece
    ("copies", "app.server"),  # a move asks whether somebody serves from there
    # Who may answer for a partner is decided where everything is; letters go the way of every letter, a proof photo that of
    # every photo.
    ("measures", "app.access.answering"),
    ("measures", "app.access.subscribing"),
    ("measures", "app.access.roles"),
    ("measures", "app.access.browser"),
    ("measures", "app.access.mail"),
    ("measures", "app.photos.arrival"),
    ("measures", "app.photos.vault"),
    ("review", "app.photos.blurring"),
    ("report", "app.review"),
    ("review", "app.access.reviewers"),
    ("review", "app.report.words"),  # a note is told in the same words
    ("review", "app.measures.partners"),  # whose it is to mend
    ("report", "app.measures"),
    ("report", "app.access.releasing"),  # who writes a report and who releases it
    ("report", "app.access.answering"),  # whose an extract is
    ("report", "app.access.mail"),
    ("report", "app.basemap.kept"),
    ("report", "app.basemap.picture"),  # the public page's map needs no script
    # Across walks: what each room says of its own, read together.
    ("overview", "app.access.across"),
    ("privacy", "app.access.auditing"),  # who reads the log
    ("privacy", "app.access.browser"),  # a language that somebody chose
    ("privacy", "app.access.people"),
    ("privacy", "app.schema"),  # its commands bring the database up to date first
    ("overview", "app.measures"),
    # What is typed in after a walk goes the way of every note, and the wall shows what the report does.
    ("gathering", "app.sync.ingest"),
    ("gathering", "app.sync.changes"),
    ("gathering", "app.report"),
    # What is erased goes from every room, by each room's own words.
    ("privacy", "app.access"),
    ("privacy", "app.photos"),
    ("photos", "app.privacy.replaced"),  # a blurred photo comes in: the one it was made from goes
    ("privacy", "app.measures.quoting"),
    ("privacy", "app.report.freezing"),
    ("privacy", "app.report.taken"),  # what no reader finds any longer is kept for its time alone
    ("privacy", "app.report.press"),
    ("privacy", "app.schema"),  # its command brings the database up to date first
    # A phone's copy comes in by the very functions that the wire's routes call, and a backup takes the photos' files.
    ("copies", "app.sync.ingest"),
    ("copies", "app.sync.body"),
    ("copies", "app.privacy.erasing"),  # what was erased since an older copy goes again
    ("copies", "app.photos"),
    ("copies", "app.schema"),  # a backup of an older release is brought up to date while it comes in
}
# One place for each of these; a call's name and the modules that may make it.
ONE_PLACE = {
    "commit": {"app.db", "app.writer"},
    "environ": {"app.settings"},
    "getenv": {"app.settings"},
    "set_cookie": {"app.access"},
    "delete_cookie": {"app.access"},
    "cookies": {"app.access", "app.answers"},  # answers reads the language's for every request
    "obstore": {"app.photos.bucket"},
}
# Where a measure's words are read as they stand: on the pages of those who plan the walk. Everybody else is told what
# `quoting.outside` leaves of them.
PLANNERS = {f"app.measures.{name}" for name in ("continuing", "meeting_routes", "plan", "routes")}
PLANNERS |= {
    "app.report.public",  # an edition's are frozen; of those as they are now it tells `allowed.LIVE`
    "app.report.edition_routes",  # whose they are, and no word of them
}
WRITES_FILES = {"write_bytes", "write_text", "unlink", "rmtree", "mkdir", "rename", "touch", "rmdir"}
# The vault and the base map; beside them what no request reaches: the data folder made at the first start, the command
# line, and what writes source files.
NO_REQUEST = {"app.settings", "app.schema", "app.server", "app.cli", "app.catalogue", "app.sync.phone_types"}
NO_REQUEST |= {"app.review.phone_words"}
# A backup is a folder that the operator named; no request gets there either.
NO_REQUEST |= {"app.copies.backup", "app.copies.restore", "app.copies.folder", "app.copies.move"}
MAY_WRITE_FILES = (
    {"app.photos.vault", "app.photos.folder", "app.photos.bucket", "app.basemap"} | NO_REQUEST | {"app.walks.typeface"}
)  # at the build
# What is printed lies in a folder of its own for an hour; the printer is a process of its own.
MAY_WRITE_FILES |= {"app.report.press", "app.report.printer"}


def name_of(path: Path) -> str:
    """The module in a file: app/sync/ingest.py is app.sync.ingest."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def feature_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FEATURES else None


def within(module: str, places: set[str]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


@cache
def modules() -> dict[str, ast.Module]:
    return {name_of(path): ast.parse(path.read_text("utf-8")) for path in sorted(APP.rglob("*.py"))}


def imports_of(tree: ast.Module) -> Iterator[str]:
    """Every module of ours that a module imports, also lazily and for types; `from app.x import y` gives app.x.y where
    that is a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "app")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "app":
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                yield deeper if deeper in modules() else node.module


def edges() -> Iterator[tuple[str, str]]:
    for module, tree in modules().items():
        yield from ((module, imported) for imported in imports_of(tree))


def test_the_source_was_read_and_relative_imports_hide_nothing_from_these_rules() -> None:
    assert len(list(edges())) > 50
    relative = [
        f"{module}:{node.lineno}"
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative


def test_leaves_import_nothing_of_ours() -> None:
    assert not [
        edge for edge in edges() if edge[0] in LEAVES and edge[1] not in WORDS and not edge[1].startswith(f"{edge[0]}.")
    ]


def test_the_wire_contract_imports_only_pydantic() -> None:
    allowed = {"pydantic", "pydantic_core", "__future__"}
    standard = {"re", "datetime", "typing", "enum", "uuid", "json", "math", "collections", "functools", "hashlib"}
    tree = modules()["app.sync.protocol"]
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in found} <= allowed | standard


def test_features_meet_only_where_the_plan_lets_them() -> None:
    wrong = []
    for module, imported in edges():
        ours, theirs = feature_of(module), feature_of(imported)
        if ours is None or ours == theirs or imported in FLOOR:
            continue
        if not any(who in ("*", ours) and within(imported, {what}) for who, what in ACROSS):
            wrong.append(f"{module} imports {imported}")
    assert not wrong


def test_the_floor_knows_no_feature() -> None:
    floor = (FLOOR | {"app.catalogue"}) - {"app"}
    assert not [edge for edge in edges() if edge[0] in floor and feature_of(edge[1])]


def test_only_main_imports_routes() -> None:
    assert not [edge for edge in edges() if edge[1].endswith("routes") and edge[0] != "app.main"]


def test_the_environment_commits_and_cookies_each_have_one_place() -> None:
    wrong = []
    for module, tree in modules().items():
        for node in ast.walk(tree):
            name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
            if name in ONE_PLACE and not within(module, ONE_PLACE[name]):
                wrong.append(f"{module}:{node.lineno} {name}")
    assert not wrong


def test_files_are_written_by_the_vault_and_the_base_map_alone() -> None:
    wrong = []
    for module, tree in modules().items():
        if within(module, MAY_WRITE_FILES):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES_FILES:
                wrong.append(f"{module}:{node.lineno} {node.func.attr}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
                wrong.append(f"{module}:{node.lineno} open")
    assert not wrong


def test_nobody_but_who_plans_the_walk_is_told_a_measures_words_as_they_stand() -> None:
    reading, outside = set(), set()
    for module, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if node.value.id == "measures" and node.attr in {"of_walk", "told", "numbered"}:
                    reading.add(module)
                if (node.value.id, node.attr) == ("quoting", "outside"):
                    outside.add(module)
    assert {"app.measures.routing", "app.walks.revisit"} <= reading, "this test sees nothing any longer"
    assert reading - outside <= PLANNERS


def scripts() -> dict[str, set[str]]:
    """Each script of ours and the scripts of ours that it imports, also lazily: paths below static/js."""
    found = {}
    for path in sorted(JS.rglob("*.js")):
        code = re.sub(r"/\*.*?\*/|^\s*//.*?$", "", path.read_text("utf-8"), flags=re.S | re.M)
        wanted = re.findall(r"(?:\bfrom\s*|\bimport\s*\(?\s*)[\"'](\.[^\"']+)[\"']", code)
        targets = {(path.parent / name).resolve() for name in wanted}
        found[path.relative_to(JS).as_posix()] = {
            target.relative_to(JS).as_posix() for target in targets if target.is_relative_to(JS)
        }
    return found


def test_only_the_app_knows_the_screens() -> None:
    assert len(scripts()) > 5
    outside = {name: found for name, found in scripts().items() if not name.startswith("screens/") and name != "app.js"}
    assert not [(name, other) for name, found in outside.items() for other in found if other.startswith("screens/")]


def test_sync_knows_the_store_and_the_wire_and_nothing_that_is_shown() -> None:
    of_the_store = {"store.js", "records.js", "outbox.js", "ids.js"}
    assert scripts()["sync.js"] <= of_the_store | {
        "protocol.js",
        "api.js",
        "i18n.js",
        "mishaps/first.js",
        "turns.js",
        "waits.js",
    }


def test_a_straight_route_that_asks_for_what_nobody_would_give_it_is_not_even_made() -> None:
    async def asks_more(note_id: str, key: Key, after: int = 0) -> None: ...

    async def asks(note_id: str, request: Request, key: Key) -> None: ...

    Straight("/notes/{note_id}", asks)
    with pytest.raises(TypeError, match="asks for more"):
        Straight("/notes/{note_id}", asks_more)
    with pytest.raises(TypeError, match="asks for more"):
        Straight("/notes/{note_id}", asks, dependencies=[Depends(lambda: None)])
