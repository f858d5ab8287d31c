"""What the program is made of, as CycloneDX JSON: `python -m tests.security.sbom FILE`, or `make sbom`.

Hides the two kinds of locks. Promises every package that any lock pins, once, with its version and its address in the package
world (purl); what only builds or tests is marked `excluded`. The same locks give the same bytes. Reads the locks alone: no
network, nothing installed.
"""

import base64
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# What serves people; the rest builds, tests or audits.
SERVES = ROOT / "requirements.txt"
PYTHON_LOCKS = sorted(ROOT.glob("requirements*.txt"))
NODE_LOCK = ROOT / "package-lock.json"


def written() -> dict[str, Any]:
    """The whole document (CycloneDX 1.6)."""
    parts = {part["bom-ref"]: part for part in [*_node(), *_python()]}
    project = json.loads((ROOT / "package.json").read_text("utf-8"))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "tryghedsvandring",
                "name": "tryghedsvandring",
                "version": project["version"],
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": [parts[name] for name in sorted(parts)],
    }


def _python() -> list[dict[str, Any]]:
    serves, found = set(_pins(SERVES)), list[dict[str, Any]]()
    for lock in PYTHON_LOCKS:
        for name, version in _pins(lock):
            found.append(_part(f"pkg:pypi/{name}@{version}", name, version, (name, version) in serves))
    return found


def _pins(lock: Path) -> list[tuple[str, str]]:
    return re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text("utf-8"), re.M)


def _node() -> list[dict[str, Any]]:
    found = []
    for place, about in json.loads(NODE_LOCK.read_text("utf-8"))["packages"].items():
        if not place:
            continue
        name = place.rpartition("node_modules/")[2]
        serves = not (about.get("dev") or about.get("devOptional") or about.get("optional"))
        part = _part(f"pkg:npm/{name.replace('@', '%40')}@{about['version']}", name, about["version"], serves)
        kind, _dash, digest = about.get("integrity", "").partition("-")
        if kind == "sha512":
            part["hashes"] = [{"alg": "SHA-512", "content": base64.b64decode(digest).hex()}]
        if about.get("license"):
            part["licenses"] = [{"expression": about["license"]}]
        found.append(part)
    return found


def _part(purl: str, name: str, version: str, serves: bool) -> dict[str, Any]:
    scope = "required" if serves else "excluded"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, "scope": scope}


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(written(), indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"{target}: {len(written()['components'])} packages")
