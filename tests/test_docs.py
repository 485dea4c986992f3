"""The documentation is held to what exists: controls, files, tests, commands, settings, tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import idp.tables  # noqa: F401 - the provider's tables
import mypage  # noqa: F401 - and those of my page
from deploy.settings_page import page as settings_page
from idp.foundation.database import Base

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "clients").rglob("*.md")])
TESTID = re.compile(r'data-testid="([^"]+)"|testid="([a-z][a-z-]*)"|"data-testid": "([a-z-]+)"')
ROOTS = ("idp", "mypage", "clients", "deploy", "tests", "migrations", "bench", "docs")


def controls_of_templates() -> set[str]:
    """Those of every template; a part that is filled in becomes `<…>`."""
    found: set[str] = set()
    for room in ("idp", "mypage", "clients"):
        for template in (ROOT / room).rglob("*.html"):
            for match in TESTID.finditer(template.read_text("utf-8")):
                name = re.sub(r"\{\{.*?\}\}", "<>", next(group for group in match.groups() if group))
                if name != "<>":
                    found.add(name)
    return found


def controls_of_docs() -> set[str]:
    """First columns of the tables after the heading "`data-testid`s"."""
    section = (ROOT / "docs" / "testing.md").read_text("utf-8").split("## `data-testid`s")[1]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {re.sub(r"<[^>]*>", "<>", name) for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_control_of_a_page_is_in_the_list_and_the_other_way_round() -> None:
    shown, listed = controls_of_templates(), controls_of_docs()
    assert shown - listed == set(), "not in docs/testing.md"
    assert listed - shown == set(), "in docs/testing.md, but in no template"


def test_the_settings_page_is_current() -> None:
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == settings_page(), "run `make settings-page`"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    named = {name for name in re.findall(r"`((?:\w[\w.-]*/)+[\w.-]*\w)`", text) if name.split("/")[0] in ROOTS}
    missing = sorted(name for name in named if not (ROOT / name).exists())
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = [t.split("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if not t.startswith(("http", "#"))]
    missing = sorted(t for t in targets if t and not (page.parent / t).exists())
    assert missing == []


def test_the_threat_model_names_tests_that_exist() -> None:
    text = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", text)
    assert len(named) > 30
    for file, function in named:
        source = ROOT / "tests" / file
        assert source.exists(), file
        assert re.search(rf"def {function}\(", source.read_text("utf-8")), f"{file}::{function}"


def test_the_inventory_names_every_table() -> None:
    text = (ROOT / "docs" / "auditors.md").read_text("utf-8").split("## Data inventory")[1].split("\n## ")[0]
    listed = {
        name
        for line in text.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert listed == set(Base.metadata.tables)


def test_pictures_are_small() -> None:
    large = [p.name for p in (ROOT / "docs" / "screenshots").glob("*.png") if p.stat().st_size > 300_000]
    assert large == []


def test_commands_that_the_operators_page_names_exist() -> None:
    import click

    from idp.cli import machi

    text = (ROOT / "docs" / "operators.md").read_text("utf-8")
    named = set(re.findall(r"flask --app wsgi machi ([a-z]+)(?: ([a-z-]+))?", text))
    assert named
    for group, command in named:
        found = machi.commands[group]
        if isinstance(found, click.Group):
            assert command in found.commands, f"machi {group} {command}"


def test_no_page_names_a_place_of_somebodys_machine() -> None:
    for page in PAGES:
        assert re.search(r"(?<![\w.])/(work|home|root|tmp)/", page.read_text("utf-8")) is None, page.name
