"""The tables of checks in docs/protocol.md, made from the tables that run.

`python -m deploy.checks_page` writes them, `--check` ends with 1 when those on disk are not the ones it would write.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from idp.oidc.authorization import authorize_checks, request_forms, standing_checks
from idp.oidc.server.checks import Check

PAGE = Path(__file__).resolve().parents[1] / "docs" / "protocol.md"
BEGIN, END = "<!-- made by `make checks-page` -->\n", "<!-- end of what is made -->\n"

TABLES: tuple[tuple[str, Iterable[Check[Any]]], ...] = (
    (
        "1. What is asked, plain or as it came out of a request object (also at the PAR endpoint, and again when a sign-in goes on)",
        authorize_checks.CHECKS,
    ),
    ("2. The form in which it came", request_forms.FORM_CHECKS),
    ("3. The login it meets", standing_checks.CHECKS),
)


def tables() -> str:
    """All tables, in the order in which they run."""
    return "\n".join(_table(title, checks) for title, checks in TABLES)


def page(text: str) -> str:
    """The page with its tables made anew."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{tables()}\n{END}{rest.partition(END)[2]}"


def _table(title: str, checks: Iterable[Check[Any]]) -> str:
    rows = [f"{title}:\n", "| check | what must hold | paragraph | if not |", "| --- | --- | --- | --- |"]
    return "\n".join([*rows, *(_row(check) for check in checks)]) + "\n"


def _row(check: Check[Any]) -> str:
    module = inspect.getmodule(check.run)
    what = (inspect.getdoc(check.run) or "").partition("\n")[0].removesuffix(".")
    where = str(module.__name__).replace(".", "/") if module else ""
    return f"| [`{check.run.__name__}`](../{where}.py) | {what} | {check.paragraph} | {check.refusal} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    made = page(PAGE.read_text("utf-8"))
    if parser.parse_args().check:
        return int(PAGE.read_text("utf-8") != made)
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
