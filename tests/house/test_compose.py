"""compose.yaml says only what its parts understand: settings that are there, programs that are in the images, options that the
store's program has; and what was once found wrong when a Docker ran it. It is read line by line; no Docker is asked."""

import ipaddress
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
from typer.testing import CliRunner

from app.cli import cli
from app.server import GRACE_S
from app.settings import Settings
from tests.cast import Stage
from tests.objects import Store
from tests.phone import Phone
from tests.running import PATIENCE_S, Server

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "compose.yaml").read_text("utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
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
    assert {line.split()[0] for line in lines if line and line != "}" and not line.startswith("#")} <= CADDY
    assert written.count("{") - 1 == written.count("}") - 1
    proxied = re.findall(r"(\w+):8000", written)
    assert proxied == [name for name in parts() if name.startswith("app")]


def test_volumes_configs_and_networks_that_are_used_are_there() -> None:
    tail = COMPOSE.split("\nconfigs:\n")[1]
    declared = set(re.findall(r"(?m)^  (\w+):", tail))
    volumes = {name for line in re.findall(r"volumes: \[(.*)\]", COMPOSE) for name in re.findall(r'"(\w+):/', line)}
    configs = set(re.findall(r"source: (\w+)", COMPOSE))
    assert volumes | configs | {"inside", "front"} <= declared
    assert set(re.findall(r"\*(\w+)", COMPOSE)) == set(re.findall(r"(?m): &(\w+)$", COMPOSE))


def test_nobody_else_is_given_the_address_whose_word_is_believed() -> None:
    [caddy] = re.findall(r"ipv4_address: ([\d.]+)", parts()["caddy"])
    [(whole, given)] = re.findall(r"subnet: ([\d./]+), ip_range: ([\d./]+)", COMPOSE)
    assert ipaddress.ip_address(caddy) in ipaddress.ip_network(whole)
    assert ipaddress.ip_address(caddy) not in ipaddress.ip_network(given)
    assert f'TRYG_TRUSTED_PROXIES: "{caddy}"' in COMPOSE
    # Where limits count by address: Docker leads what comes in over the first network by name, and only IPv6 keeps IPv6's.
    caddys = re.findall(r"(?m)^      (\w+): \{(?:|ipv4.*)\}$", parts()["caddy"])
    assert min(caddys) == "front"
    assert "enable_ipv6: true" in COMPOSE.split("\n  front:\n")[1].split("\n  inside:\n")[0]


def test_a_server_is_not_left_out_for_what_all_of_them_share() -> None:
    """tests/photos/test_bucket.py: /healthz answers, and words go through, where /readyz fails for the store."""
    assert re.findall(r"health_uri (\S+)", COMPOSE) == ["/healthz"]


def test_each_part_has_time_to_end_and_what_it_says_is_not_kept_for_ever() -> None:
    shared = COMPOSE.split("\nservices:\n")[0]
    told = {name: shared + text if "<<: *app" in text else text for name, text in parts().items()}
    assert not [name for name, text in told.items() if not re.search(r"(?m)^ +logging: [*&]kept$", text)]
    for name in told.keys() - {"caddy"}:  # that one has nothing to put away
        [(number, unit)] = re.findall(r"stop_grace_period: (\d+)(s|m)", told[name])
        assert int(number) * {"s": 1, "m": 60}[unit] > GRACE_S + 5, name


def test_what_lies_beside_it_goes_neither_into_the_repository_nor_into_the_image() -> None:
    beside = {".env", *re.findall(r'"\./(\w+):', COMPOSE)}
    assert beside == {".env", "backup", "maps"}
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()}
    assert beside <= ignored
    first, *let_in = [
        line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] not in ("", "#")
    ]
    assert first == "*"
    assert not beside & {line.lstrip("!").partition("/")[0] for line in let_in}
    assert {"**/.env*", "**/*.sqlite*"} <= set(let_in)


def test_the_commands_of_the_images_are_ours_with_the_options_they_have() -> None:
    called = re.findall(r'(?m)(?:^CMD|command:) \["tryg", (.+)\]$', DOCKERFILE + COMPOSE)
    assert len(called) == 2, "serving, and a backup"
    for line in called:
        words = re.findall(r'"([^"]+)"', line)
        told = CliRunner().invoke(cli, [words[0], "--help"], env={"COLUMNS": "200"})
        assert told.exit_code == 0, words
        assert all(word in told.output for word in words if word.startswith("--")), words


def test_a_server_is_asked_how_it_is_by_the_name_it_has_inside(stage: Stage) -> None:
    asked = set(re.findall(r"health_uri (\S+)|127\.0\.0\.1:8000(/\w+)", COMPOSE + DOCKERFILE))
    for path in {one or other for one, other in asked}:
        for host in ("app1:8000", "127.0.0.1:8000"):
            assert stage.http.get(path, headers={"Host": host}).status_code == 200, (path, host)


def test_the_store_says_that_it_lives_where_it_is_asked(objects: Store) -> None:
    [path] = re.findall(r"127\.0\.0\.1:8333(/\w+)", COMPOSE)
    assert httpx.get(f"{objects.endpoint}{path}").status_code == 200


def test_every_line_of_a_server_that_logs_for_machines_is_an_object(tmp_path: Path) -> None:
    assert 'TRYG_LOG_FORMAT: "json"' in COMPOSE
    server = Server(tmp_path / "var", TRYG_LOG_FORMAT="json").start()
    code = server.tryg("walk", "create", "--title", "Aftenvandring")["code"]
    with httpx.Client(base_url=server.url) as http:
        Phone(http, code).join()
    assert server.stop() == 0
    lines = server.said().splitlines()
    assert lines
    assert {"url": server.url} in [json.loads(line) for line in lines]


def test_a_container_that_is_told_to_end_while_it_starts_ends(tmp_path: Path) -> None:
    """The kernel drops what the first process of a container does not listen to: Docker would wait, and then kill it."""
    [script] = re.findall(r"printf '%s\\n' (.+?) > /srv/venv/bin/tryg", re.sub(r"\\\n", " ", DOCKERFILE))
    tryg = tmp_path / "tryg"
    tryg.write_text("\n".join(shlex.split(script)))
    own = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--pid", "--fork", "--kill-child"]
    with socket.create_server(("127.0.0.2", 0)) as silent:  # a mail server that says nothing holds up the start
        silent.settimeout(PATIENCE_S)
        server = Server(tmp_path / "var", TRYG_SMTP_URL=f"smtp://127.0.0.2:{silent.getsockname()[1]}")
        serve = [sys.executable, str(tryg), "serve", "--data", str(server.data), "--port", str(server.port)]
        with subprocess.Popen([*own, *serve], env=server.environment | {"PYTHONPATH": str(ROOT)}) as outside:
            try:
                line, _address = silent.accept()
                with line:
                    [first] = Path(f"/proc/{outside.pid}/task/{outside.pid}/children").read_text().split()
                    os.kill(int(first), signal.SIGTERM)
                    assert outside.wait(PATIENCE_S) == 128 + signal.SIGTERM
            finally:
                outside.kill()
