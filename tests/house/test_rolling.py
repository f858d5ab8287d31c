"""A migration is one that the release still running survives: it goes on reading and writing while the next one starts.

What a migration may do is said in docs/operations.md, "Upgrading without stopping"; this refuses what may not be.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SINCE = "0007"  # no installation ran several servers before
LATER = sorted(path for path in (ROOT / "migrations/versions").glob("[0-9]*.py") if path.name[:4] >= SINCE)
TAKES_AWAY = {"drop_column", "drop_table", "drop_constraint", "rename_table"}
LOCKS_LONG = {
    "create_unique_constraint",
    "create_check_constraint",
    "create_foreign_key",
    "create_primary_key",
    "create_exclude_constraint",
}
IN_SQL = (
    (r"\b(DROP|RENAME)\s+(TABLE|COLUMN|TO|CONSTRAINT)\b", "takes away what the release before uses"),
    (r"\bTRUNCATE\b", "takes rows away"),
    (r"\bALTER\s+COLUMN\b.*\b(TYPE|SET\s+NOT\s+NULL)\b", "changes a column that the release before writes"),
    (r"\bADD\s+COLUMN\b(?!.*\bDEFAULT\b).*\bNOT\s+NULL\b", "a column that the release before does not fill"),
    (r"\bCREATE\s+(UNIQUE\s+)?INDEX\s+(?!(CONCURRENTLY\s+)?IF\s+NOT\s+EXISTS)", "an index that nobody can make beforehand"),
    (r"\bLOCK\s+TABLE\b|\bVACUUM\s+FULL\b|\bCLUSTER\b", "locks a table"),
)  # fmt: skip


def refused(source: str) -> list[str]:
    """What of a migration's upgrade the release before it could not survive; nothing where it says `contracts`: the release
    that stopped using what it takes away, and why."""
    tree = ast.parse(source)
    if _contracts(tree):
        return []
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    made = {_text(call, 0) for call in calls if _name(call) == "create_table"}
    found = [told for call in calls if (told := _judged(call, made))]
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    for text in texts:
        found += [f"{why}: {text.strip()[:80]}" for pattern, why in IN_SQL
                  if re.search(pattern, text, re.IGNORECASE | re.DOTALL) and not any(f" {name} " in text for name in made)]  # fmt: skip
    return found


def _contracts(tree: ast.Module) -> str:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["contracts"]:
            return str(ast.literal_eval(node.value))
    return ""


def _judged(call: ast.Call, made: set[str]) -> str:
    name, table = _name(call), _text(call, 0)
    given = {word.arg: ast.unparse(word.value) for word in call.keywords}
    if name in TAKES_AWAY:
        return f"{name} takes away what the release before uses"
    changed = given.keys() & {"new_column_name", "type_"} or given.get("nullable") == "False"
    if name == "alter_column" and table not in made and changed:
        return f"alter_column of {table} changes what the release before reads and writes"
    if name == "add_column" and table not in made:
        column = ast.unparse(call.args[1]) if len(call.args) > 1 else ""
        if "nullable=False" in column and "server_default=" not in column:
            return f"a column of {table} that the release before does not fill"
    if name == "create_index" and _text(call, 1) not in made:
        if given.get("unique") == "True":
            return f"a unique index on {_text(call, 1)}, which the release before may offend"
        if given.get("if_not_exists") != "True":
            return f"an index on {_text(call, 1)} that nobody can make beforehand"
    if name in LOCKS_LONG and _text(call, 1) not in made and "postgresql_not_valid" not in given:
        return f"{name} looks through a whole table and lets nobody write meanwhile"
    return ""


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "op" else ""


def _text(call: ast.Call, number: int) -> str:
    return (
        str(call.args[number].value) if len(call.args) > number and isinstance(call.args[number], ast.Constant) else ""
    )  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "path", LATER or [ROOT / "migrations/versions/0006_what_is_kept_and_who_looked.py"], ids=lambda path: path.name[:4]
)
def test_a_migration_is_survived_by_the_release_before_it(path: Path) -> None:
    source = path.read_text("utf-8")
    upgrade = source.partition("def downgrade")[0]
    assert refused(upgrade) == [], f"{path.name}: see docs/operations.md, Upgrading without stopping"
    if says := _contracts(ast.parse(source)):
        version = says.partition(":")[0]
        assert re.search(
            rf"^## .*\b{re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
        ), says


@pytest.mark.parametrize(
    "body",
    [
        'op.drop_column("walk", "title")',
        'op.drop_table("walk")',
        'op.rename_table("walk", "tour")',
        'op.alter_column("walk", "title", new_column_name="name")',
        'op.alter_column("walk", "title", nullable=False)',
        'op.alter_column("walk", "seq", type_=sa.BigInteger())',
        'op.add_column("walk", sa.Column("x", sa.String(), nullable=False))',
        'op.create_index("ix", "observation", ["walk_id"])',
        'op.create_index("ix", "observation", ["walk_id"], unique=True, if_not_exists=True)',
        'op.create_foreign_key("fk", "photo", "observation", ["observation_id"], ["id"])',
        'op.execute("ALTER TABLE walk DROP COLUMN title")',
        'op.execute("ALTER TABLE walk ADD COLUMN x text NOT NULL")',
        'op.execute("CREATE INDEX ix ON observation (walk_id)")',
    ],
)
def test_what_the_release_before_could_not_survive_is_refused(body: str) -> None:
    assert refused(f"def upgrade():\n    {body}\n")
    assert not refused(f'contracts = "0.1.0: nothing reads it since then"\n\n\ndef upgrade():\n    {body}\n')


@pytest.mark.parametrize(
    "body",
    [
        'op.add_column("walk", sa.Column("x", sa.String(), nullable=True))',
        'op.add_column("walk", sa.Column("x", sa.JSON(), nullable=False, server_default="[]"))',
        'op.create_table("bench", sa.Column("id", sa.String()))\n    op.create_index("ix", "bench", ["id"], unique=True)',
        'op.create_index("ix", "observation", ["walk_id"], if_not_exists=True)',
        'op.alter_column("walk", "title", nullable=True)',
        """op.execute("UPDATE walk SET x = '' WHERE x IS NULL")""",
    ],
)
def test_what_it_survives_is_let_through(body: str) -> None:
    assert refused(f"def upgrade():\n    {body}\n") == []
