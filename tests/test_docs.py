"""The documentation is held to what exists: controls, files, tests, commands, settings, tables."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import idp.oidc
import idp.tables
import mypage.install  # noqa: F401 - and those of my page
from deploy.checks_page import BEGIN, END, FLOWS
from deploy.checks_page import page as checks_page
from deploy.settings_page import page as settings_page
from idp.foundation.database import Base
from idp.oidc.flows.checks import Table

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "clients").rglob("*.md")])
TESTID = re.compile(r'data-testid="([^"]+)"|testid="([a-z][a-z-]*)"|"data-testid": "([a-z-]+)"')
LATER = re.compile(r"\[(\d{4})\]\((\d{4}-[a-z-]+\.md)\)")
STATUS = re.compile(rf"Status: (accepted|(superseded|amended) by {LATER.pattern}(?: and {LATER.pattern})*)")
NAMED_DECISION = re.compile(r"\bdecisions?[ /](\d{4})(-[a-z-]+\.md)?")
ROOTS = ("idp", "mypage", "machi_id", "clients", "deploy", "tests", "migrations", "bench", "docs")


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


def test_the_tables_of_checks_are_current() -> None:
    text = (ROOT / "docs" / "protocol.md").read_text("utf-8")
    assert text == checks_page(text), "run `make checks-page`"


def test_every_check_says_what_must_hold_and_who_asks_for_it() -> None:
    for flow in FLOWS:
        always = [check for table in flow.tables for check in table]
        for checks in [[*always, *one] for one in flow.one_of] or [always]:
            assert len({check.run for check in checks}) == len(checks) > 0, flow.name
        for check in {check for table in (*flow.tables, *flow.one_of) for check in table}:
            assert check.run.__doc__, check.run
            assert re.search(r"§|Grant Management", check.paragraph), check.paragraph
            assert check.refusal, check.run


def test_every_table_of_checks_is_on_the_page() -> None:
    """Of whatever module: a flow that nobody can read about is none."""
    modules = [importlib.import_module(m.name) for m in pkgutil.walk_packages(idp.oidc.__path__, "idp.oidc.")]
    tables = {id(value): value for module in modules for value in vars(module).values() if isinstance(value, Table)}
    shown = [table for flow in FLOWS for table in (*flow.tables, *flow.one_of)]
    parts = {check for table in shown for check in table}
    assert len(tables) >= len(shown) > 0
    for table in tables.values():
        assert table in shown or set(table) < parts, f"not in deploy/checks_page.py: {table.title}"


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


TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
ENTRY = re.compile(r"CVE-\d+-\d+|GHSA(?:-\w+)+|#\d+|JE23-003|Canaille|kanidm")


def threats() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Rows of the threat model: the threat, where it is met, the tests."""
    lines = (ROOT / "docs" / "threat-model.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [(row[0], row[1], TEST.findall(" ".join(row[1:]))) for row in rows if TEST.search(" ".join(row))]


def source_of_test(file: str, function: str) -> str:
    """A test with its parameters and its docstring; empty if there is none of this name."""
    path = ROOT / "tests" / file
    text = path.read_text("utf-8") if path.exists() else ""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            begin = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return "\n".join(text.splitlines()[begin - 1 : node.end_lineno])
    return ""


def test_each_threat_names_tests_that_exist() -> None:
    rows = threats()
    assert len(rows) > 60
    for threat, _, tests in rows:
        assert tests, threat
        for file, function in tests:
            assert source_of_test(file, function), f"{threat}: {file}::{function}"
    text = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    table = text.split("## Threats")[1].split("### The four")[0]
    assert len([line for line in table.splitlines() if line.startswith("| ")]) - 2 == len(rows) - 4, (
        "a row without a test"
    )


def test_each_accident_of_others_is_named_by_a_test_of_its_row() -> None:
    """So that whoever reads of one finds the test by searching for it, and the test cannot go unnoticed."""
    named = 0
    for threat, _, tests in threats():
        sources = " ".join(source_of_test(*test) for test in tests)
        for entry in ENTRY.findall(threat):
            named += 1
            assert re.search(rf"{re.escape(entry)}(?!\w)", sources), f"{entry}: none of {tests} says so"
    assert named > 50


def test_the_threat_model_says_what_is_promised_and_what_is_not() -> None:
    text = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    for heading in ("## Guarantees", "## Non-goals", "## Not possible here"):
        assert len(text.split(heading + "\n")[1].split("\n## ")[0].strip()) > 200, heading


def test_modules_and_tests_of_the_protocol_table_exist() -> None:
    """A row may name a file in full, or by its name beside one whose folder it shares."""
    before, _, rest = (ROOT / "docs" / "protocol.md").read_text("utf-8").partition(BEGIN)
    lines = (before + rest.partition(END)[2]).splitlines()  # what is made from code names functions, not tests
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| ---")]
    assert len(rows) > 60
    for line in rows:
        module, test = (cell.strip() for cell in line.strip().strip("|").split("|")[-2:])
        if test == "test":
            continue
        for cell, root in ((module, "idp/oidc"), (test, "tests/idp/oidc")):
            names = re.findall(r"[\w./*-]+\.(?:py|html)", cell)
            for name in names:
                whole = name if name.startswith(("idp/", "tests/")) else f"{root}/{name}"
                assert list(ROOT.glob(whole)) or list((ROOT / root).rglob(name)), f"{name} in: {line}"
        assert re.search(r"tests/[\w/]+\.py", test), f"no test in: {line}"


def test_the_inventory_names_every_table() -> None:
    text = (ROOT / "docs" / "auditors.md").read_text("utf-8").split("## Data inventory")[1].split("\n## ")[0]
    listed = {
        name
        for line in text.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert listed == set(Base.metadata.tables)


def test_decisions_have_one_number_each_and_a_status() -> None:
    """Number of the file, of the heading and of those that a status names; a later decision may be named by any earlier one."""
    decisions = {path.name[:4]: path for path in (ROOT / "docs" / "decisions").glob("*.md")}
    assert len(decisions) == len(list((ROOT / "docs" / "decisions").iterdir())), "a number is used twice"
    assert sorted(map(int, decisions)) == list(range(1, len(decisions) + 1)), "a number is left out"
    for number, path in decisions.items():
        title, _, status = path.read_text("utf-8").splitlines()[:3]
        assert re.match(rf"# {number} \S", title), f"{path.name}: {title}"
        said = STATUS.fullmatch(status)
        assert said, f"{path.name}: {status}"
        for named, file in LATER.findall(status):
            assert number < named, f"{path.name} is changed by an earlier one: {named}"
            assert decisions[named].name == file, f"{path.name}: {file}"


def test_what_code_says_of_a_decision_is_there() -> None:
    """`decision 0018`, `docs/decisions/0031`: numbers written out, in code and documents."""
    numbers = {path.name[:4] for path in (ROOT / "docs" / "decisions").glob("*.md")}
    named = 0
    for root in ROOTS:
        for path in (p for p in (ROOT / root).rglob("*") if p.suffix in (".py", ".md", ".html", ".js")):
            if "node_modules" in path.parts:
                continue
            for whole in NAMED_DECISION.finditer(path.read_text("utf-8")):
                named += 1
                assert whole[1] in numbers, f"{path}: {whole[0]}"
                assert not whole[2] or (ROOT / "docs" / "decisions" / (whole[1] + whole[2])).is_file(), (
                    f"{path}: {whole[0]}"
                )
    assert named > 40


def test_pictures_are_small() -> None:
    large = [p.name for p in (ROOT / "docs" / "screenshots").glob("*.png") if p.stat().st_size > 300_000]
    assert large == []


def test_no_page_names_a_place_of_somebodys_machine() -> None:
    for page in PAGES:
        assert re.search(r"(?<![\w.])/(work|home|root|tmp)/", page.read_text("utf-8")) is None, page.name
