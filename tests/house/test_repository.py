"""What may be in the repository at all: nothing built, nothing that points at one machine or one registry, no secret."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Put together from parts, so that this file does not name what it forbids.
REGISTRIES = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("registry.npmjs", "org"),
    ("npmjs", "com"),
    ("deb.debian", "org"),
)
HOSTS = tuple(".".join(parts) for parts in REGISTRIES)
MACHINES = re.compile(r"(?<![\w.])/(?:work|root|opt/wheels|opt/pypi|tmp/(?:team|tooling))(?=[/\s\"'`])")
SECRETS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bghp_\w{36}\b")
BUILT = re.compile(
    r"^(?:static/dist|node_modules|var|\.venv(?:-audit)?)/|^static/js/locales/|\.mo$|(?:^|/)uv\.lock$|\.pyc$"
)


def tracked() -> dict[str, str]:
    """Every tracked text file that is still there, and what it says."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=30).stdout
    texts = {}
    for name in filter(None, listed.decode().split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            texts[name] = content.decode("utf-8", "replace")
    return texts


def test_no_file_names_a_package_registry() -> None:
    assert not [(name, host) for name, text in tracked().items() for host in HOSTS if host in text]


def test_no_file_points_into_one_machine() -> None:
    assert not [(name, found[0]) for name, text in tracked().items() if (found := MACHINES.search(text))]


def test_nothing_built_is_kept() -> None:
    assert len(tracked()) > 50
    assert not [name for name in tracked() if BUILT.search(name)]


def test_no_key_is_kept() -> None:
    assert not [name for name, text in tracked().items() if SECRETS.search(text)]


def test_the_locks_pin_everything_by_its_hash_and_by_no_address() -> None:
    for name in ("requirements.txt", "requirements-build.txt", "requirements-dev.txt", "requirements-uv.txt",
                 "requirements-demo.txt", "requirements-audit.txt"):  # fmt: skip
        text = (ROOT / name).read_text()
        entries = re.split(r"\n(?=\w)", text.strip())
        assert entries, name
        assert all("==" in entry and "--hash=sha256:" in entry for entry in entries), name
        assert not re.search(r"://|--(?:extra-)?index|--find-links|--trusted-host", text), name


def test_everything_the_project_asks_for_is_locked() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["heic"]
    asked = {
        "requirements.txt": wanted,
        "requirements-build.txt": wanted + project["dependency-groups"]["build"],
        "requirements-dev.txt": wanted + project["dependency-groups"]["build"] + project["dependency-groups"]["dev"],
    }
    for lock, requirements in asked.items():
        locked = set(re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), re.M))
        names = {re.split(r"[\[<>=~! ]", requirement)[0] for requirement in requirements}
        assert names <= locked, f"{lock}: make lock"


def test_the_node_lock_names_no_address() -> None:
    text = (ROOT / "package-lock.json").read_text()
    assert '"integrity": "sha512-' in text
    assert '"resolved"' not in text


def test_what_the_readme_tells_people_to_make_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    told = {
        target
        for name, text in tracked().items()
        if name.endswith(".md")
        for target in re.findall(r"`make ([a-z]+)", text)
    }
    assert {"run", "test"} <= told <= targets
