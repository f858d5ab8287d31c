"""compose.yaml says only what its parts understand: settings that are there, programs that are in the images, options that the
store's program has. It is read line by line, for what must hold; no Docker is asked."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
from typer.testing import CliRunner

from app.cli import cli
from app.settings import Settings
from tests.cast import Stage
from tests.objects import Store

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "compose.yaml").read_text("utf-8")
HANDBOOK = (ROOT / "docs" / "operations.md").read_text("utf-8")
# What is in each image that a health check or a command may call.
PROGRAMS = {
    "build": {"python", "tryg"},
    "caddy:2": {"wget"},  # Alpine: BusyBox has it
    "postgres:17": {"pg_isready", "postgres"},
    "chrislusf/seaweedfs:4.48": {"wget", "server"},  # Alpine too; its entry point puts weed before "server"
}
CADDY = {
    "reverse_proxy",
    "lb_policy",
    "lb_try_duration",
    "health_uri",
    "health_interval",
    "health_timeout",
    "flush_interval",
}


def parts() -> dict[str, str]:
    """The text of each part, by its name."""
    block = COMPOSE.split("\nservices:\n")[1].split("\nconfigs:\n")[0]
    split = re.split(r"(?m)^  (\w+):\n", block)
    return dict(zip(split[1::2], split[2::2], strict=True))


def test_every_setting_it_names_is_one() -> None:
    known = {f"TRYG_{name.upper()}" for name in Settings.model_fields}
    for text in (COMPOSE, HANDBOOK):
        assert set(re.findall(r"\bTRYG_[A-Z_]+\b", text)) <= known


def test_what_it_wants_to_be_told_stands_in_the_handbook() -> None:
    wanted = set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE))
    assert wanted
    assert not [name for name in wanted if not re.search(rf"(?m)^{name}=", HANDBOOK)]


def test_health_checks_and_commands_call_what_is_in_their_image() -> None:
    shared = COMPOSE.split("\nservices:\n")[0]
    for name, text in parts().items():
        text = text if "image:" in text else shared + text
        image = re.search(r"(?m)^ +image: (\S+)$", text)
        assert image, name
        programs = PROGRAMS["build" if image[1] == "tryghedsvandring" else image[1]]
        called = re.findall(r'(?m)^ +(?:test: \["CMD", |command: \[)"([\w.-]+)"', text)
        assert called, name
        assert set(called) <= programs, name


def test_every_part_says_how_it_is() -> None:
    assert all("healthcheck:" in text or "<<: *app" in text for text in parts().values())


def test_the_store_has_the_options_it_is_given() -> None:
    weed = Path(sys.executable).with_name("weed")
    told = subprocess.run([str(weed), "server", "-h"], capture_output=True, text=True, timeout=60)
    known = set(re.findall(r"(?m)^ +-([\w.]+)", told.stdout + told.stderr))
    given = re.findall(r'"-([\w.]+)', re.findall(r"(?m)^ +command: (.*s3\.config.*)$", COMPOSE)[0])
    assert {"volume.max", "master.volumePreallocate"} <= set(given)  # or 8 GB are all there is, 7 of them for nothing
    assert set(given) <= known


def test_its_caddyfile_has_the_directives_that_caddy_has() -> None:
    written = COMPOSE.split("  caddyfile:\n")[1].split("  rights:\n")[0]
    site, *lines = [line.strip() for line in written.split("content: |\n")[1].splitlines()]
    assert site == "{$$DOMAIN} {", "two dollars: Caddy reads the name from its environment, Compose leaves it alone"
    assert {line.split()[0] for line in lines if line and line != "}"} <= CADDY
    assert written.count("{") - 1 == written.count("}") - 1
    proxied = re.findall(r"(\w+):8000", written)
    assert proxied == [name for name in parts() if name.startswith("app")]


def test_volumes_configs_and_networks_that_are_used_are_there() -> None:
    tail = COMPOSE.split("\nconfigs:\n")[1]
    declared = set(re.findall(r"(?m)^  (\w+):", tail))
    volumes = {name for line in re.findall(r"volumes: \[(.*)\]", COMPOSE) for name in re.findall(r'"(\w+):/', line)}
    configs = set(re.findall(r"source: (\w+)", COMPOSE))
    assert volumes | configs | {"inside", "outside"} <= declared


def test_the_commands_of_the_images_are_ours_with_the_options_they_have() -> None:
    image = (ROOT / "Dockerfile").read_text("utf-8")
    called = re.findall(r'(?m)(?:^CMD|command:) \["tryg", (.+)\]$', image + COMPOSE)
    assert len(called) == 2, "serving, and a backup"
    for line in called:
        words = re.findall(r'"([^"]+)"', line)
        told = CliRunner().invoke(cli, [words[0], "--help"], env={"COLUMNS": "200"})
        assert told.exit_code == 0, words
        assert all(word in told.output for word in words if word.startswith("--")), words


def test_a_server_is_asked_how_it_is_by_the_name_it_has_inside(stage: Stage) -> None:
    asked = set(
        re.findall(r"health_uri (\S+)|127\.0\.0\.1:8000(/\w+)", COMPOSE + (ROOT / "Dockerfile").read_text("utf-8"))
    )
    for path in {one or other for one, other in asked}:
        for host in ("app1:8000", "127.0.0.1:8000"):
            assert stage.http.get(path, headers={"Host": host}).status_code == 200, (path, host)


def test_the_store_says_that_it_lives_where_it_is_asked(objects: Store) -> None:
    [path] = re.findall(r"127\.0\.0\.1:8333(/\w+)", COMPOSE)
    assert httpx.get(f"{objects.endpoint}{path}").status_code == 200
