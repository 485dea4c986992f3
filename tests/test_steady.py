"""What makes tests fail on a busy machine, or now and then: none of it is in a test. Figures of time are made by `bench/`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
STOPWATCHES = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "thread_time", "sleep"}
# These say what a page shows at this moment; while it still loads, moves on or is told something, the next moment differs.
SNAPSHOTS = {"is_visible", "is_hidden", "is_enabled", "is_disabled", "is_checked", "wait_for_timeout"}
# The one place that watches a clock, and the one that looks at a page after it has waited for it.
EXCEPT = {"support/waiting.py": STOPWATCHES, "support/pages.py": SNAPSHOTS}


def _is_called(node: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield node.func.attr, node


def unsteady(text: str) -> list[str]:
    """What of it asserts or guesses by time: names of calls, with their lines."""
    tree = ast.parse(text)
    shows_pages = "playwright" in text
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [
                f"{node.lineno}: from time import {alias.name}" for alias in node.names if alias.name in STOPWATCHES
            ]
        for name, call in _is_called(node):
            owner = call.func.value if isinstance(call.func, ast.Attribute) else call
            if name in STOPWATCHES and isinstance(owner, ast.Name) and owner.id == "time":
                found.append(f"{call.lineno}: {name}")
            # `locator.count()`, not `text.count("x")` or `itertools.count()`.
            count = name == "count" and not call.args and not (isinstance(owner, ast.Name) and owner.id == "itertools")
            if shows_pages and (name in SNAPSHOTS or count):
                found.append(f"{call.lineno}: {name}")
            # A wait for what must come is as long as all of them are (`support/chromium.py`).
            if name.startswith(("to_", "not_to_")) and any(k.arg == "timeout" for k in call.keywords):
                found.append(f"{call.lineno}: {name}(timeout=)")
    return found


@pytest.mark.parametrize(
    "planted",
    [
        "import time\nbegan = time.monotonic()\nassert time.monotonic() - began < 1",
        "from time import perf_counter",
        "import time\ntime.sleep(0.1)",
        "import playwright\nif page.get_by_test_id('x').is_visible():\n    pass",
        "import playwright\nif page.get_by_test_id('x').count():\n    pass",
        "import playwright\nexpect(page).to_be_visible(timeout=3000)",
    ],
)
def test_what_fails_on_a_busy_machine_is_found(planted: str) -> None:
    assert unsteady(planted)


def test_no_test_asserts_or_guesses_by_time() -> None:
    wrong = []
    for path in sorted(ROOT.rglob("*.py")):
        name = str(path.relative_to(ROOT))
        allowed = EXCEPT.get(name, set())
        wrong += [
            f"{name}:{found}" for found in unsteady(path.read_text("utf-8")) if found.split(": ")[1] not in allowed
        ]
    assert wrong == [], "\n".join(wrong)
