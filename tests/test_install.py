"""What anybody publishes tomorrow changes no install of today: the locks are complete, and nothing is resolved or built at install."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYTHON_LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
NPM_MANIFESTS = [p for p in ROOT.rglob("package.json") if not {"node_modules", "var", ".venv"} & set(p.parts)]
NPM_CALL = re.compile(r'''"npm"[^"]*"([a-z]+)"''')
PIP_CALL = re.compile(r"-m pip install (.*)")


def _requirements(lock: Path) -> list[str]:
    joined = lock.read_text().replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=lambda p: p.name)
def test_every_package_is_pinned_with_hashes_and_no_host_is_named(lock: Path) -> None:
    found = _requirements(lock)
    assert len(found) > 20
    for requirement in found:
        assert re.match(r"[A-Za-z0-9._-]+==[^\s;]+", requirement), requirement
        assert "--hash=sha256:" in requirement, requirement
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock.read_text())


def test_the_locks_name_all_that_their_packages_ask_for() -> None:
    """Installed with `--no-deps`, an incomplete lock would show here: `pip check` reads what each package asks for."""
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_product_runs_on_the_versions_the_development_packages_were_tested_with() -> None:
    runtime, dev = (
        {r.split(" ")[0] for r in _requirements(ROOT / "requirements" / f"{n}.txt")} for n in ("runtime", "dev")
    )
    assert runtime <= dev


def test_pip_resolves_and_builds_nothing() -> None:
    calls = PIP_CALL.findall((ROOT / "Makefile").read_text())
    assert calls
    for options in calls:
        assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(options.split()), options


@pytest.mark.parametrize("manifest", NPM_MANIFESTS, ids=lambda p: p.parent.name)
def test_npm_packages_have_a_lock_that_names_no_host(manifest: Path) -> None:
    wanted = json.loads(manifest.read_text())["dependencies"]
    locked = json.loads(manifest.with_name("package-lock.json").read_text())["packages"]
    for name, version in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    for place, package in locked.items():
        assert "resolved" not in package, place
        assert place == "" or package["integrity"].startswith("sha512-"), place


def test_npm_installs_what_the_lock_says() -> None:
    files = [p for folder in ("tests", "bench", "deploy") for p in (ROOT / folder).rglob("*.py") if p != Path(__file__)]
    found = [(p, verb) for p in files for verb in NPM_CALL.findall(p.read_text())]
    assert len(found) >= 2
    assert [(p, verb) for p, verb in found if verb != "ci"] == []
