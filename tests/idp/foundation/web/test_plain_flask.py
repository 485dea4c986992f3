"""Flask and Werkzeug are used by what they document: their private names may change with any release (docs/decisions/0045)."""

from __future__ import annotations

import ast
from pathlib import Path

import flask
from werkzeug.routing import Map, Rule

from tests.support.town import Town

ROOT = Path(__file__).resolve().parents[4]
# What Flask 3.1 names with an underscore and this product once stood on; measured, and worth nothing (docs/benchmarks.md).
ONCE_USED = {"_cv_app", "_cv_request", "_AppCtxGlobals", "_after_request_functions", "_compile_builder"}


def test_no_private_name_is_imported_or_asked_for() -> None:
    seen = 0
    for package in ("idp", "mypage", "machi_id", "clients"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("flask", "werkzeug"):
                    seen += 1
                    private = [alias.name for alias in node.names if alias.name.startswith("_")]
                    assert private == [], f"{path}:{node.lineno}"
                if isinstance(node, ast.Attribute):
                    assert node.attr not in ONCE_USED, f"{path}:{node.lineno}"
    assert seen > 100


def test_the_application_overrides_nothing_private(town: Town) -> None:
    """Of any class it and its map of addresses are made of."""
    for ours, theirs in ((type(town.app), flask.Flask), (town.app.url_rule_class, Rule), (type(town.app.url_map), Map)):
        private = {
            name for cls in theirs.__mro__ for name in vars(cls) if name.startswith("_") and not name.endswith("__")
        }
        private |= {name for name in vars(theirs("x") if theirs is flask.Flask else theirs) if name.startswith("_")}
        own = {
            name for cls in ours.__mro__ if not cls.__module__.startswith(("flask", "werkzeug")) for name in vars(cls)
        }
        assert {name for name in own & private if not name.endswith("__")} == set(), ours
