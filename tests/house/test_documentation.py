"""What a person is told stands in the documents: every setting, every command, every room of the house."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from app import cli
from app.settings import Settings

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "docs" / "settings.md"
COMMANDS = {
    "serve", "migrate", "demo", "walk create", "walk open", "walk close", "walk reopen", "user add", "user key", "export",
}  # fmt: skip


def row(name: str) -> str:
    """The line of docs/settings.md that tells of a setting, as app/settings.py has it."""
    field = Settings.model_fields[name]
    default = field.get_default()
    shown = getattr(default, "get_secret_value", lambda: default)()
    return f"| `TRYG_{name.upper()}` | {f'`{shown}`' if str(shown) else ''} | {field.description} |"


def test_every_setting_is_documented_as_the_code_has_it() -> None:
    text = SETTINGS.read_text("utf-8").splitlines()
    missing = [row(name) for name in Settings.model_fields if row(name) not in text]
    assert not missing, "docs/settings.md wants:\n" + "\n".join(missing)


def test_no_document_tells_of_a_setting_that_is_not_there() -> None:
    known = {f"TRYG_{name.upper()}" for name in Settings.model_fields} | {"TRYG_TEST_CHROMIUM"}
    told = {name for path in documents() for name in re.findall(r"\bTRYG_[A-Z_]+\b", path.read_text("utf-8"))}
    assert told <= known


def documents() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    return [ROOT / name for name in listed.stdout.split() if (ROOT / name).is_file()]


def commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every command below `command` that does something, by its full name."""
    for below, child in getattr(command, "commands", {}).items():
        full = f"{name} {below}".strip()
        if getattr(child, "commands", None):
            yield from commands(child, full)
        else:
            yield full, child


def all_commands() -> dict[str, Any]:
    found = next(value for value in vars(cli).values() if isinstance(value, typer.Typer) and value.registered_commands)
    roots = [value for value in vars(cli).values() if isinstance(value, typer.Typer) and value.registered_groups]
    return dict(commands(typer.main.get_command(roots[0] if roots else found)))


def test_the_promised_commands_are_there() -> None:
    assert set(all_commands()) >= COMMANDS


def test_every_command_and_option_says_what_it_is_for() -> None:
    for name, command in all_commands().items():
        assert command.help, name
        options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
        assert not [(name, option.name) for option in options if not option.help]


def test_every_command_takes_a_data_folder_and_answers_in_json() -> None:
    for name, command in all_commands().items():
        flags = {flag for parameter in command.params for flag in parameter.opts}
        assert "--data" in flags or name == "basemap build", name
        assert "--json" in flags, name


def test_every_command_is_in_the_readme_or_the_handbook() -> None:
    text = "\n".join(path.read_text("utf-8") for path in documents())
    assert not [name for name in all_commands() if f"tryg {name}" not in text]


def test_the_plan_of_the_house_names_every_room() -> None:
    plan = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rooms = [path for path in (ROOT / "app").iterdir() if not path.name.startswith(("_", "."))]
    python = [path.name if path.suffix else f"{path.name}/" for path in rooms]
    scripts = [path.name for path in (ROOT / "static" / "js").glob("*.js")]
    assert not [name for name in python + scripts if f"`{name}" not in plan and name not in plan]


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in documents()
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8"))
        if "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists()
    ]
    assert not broken
