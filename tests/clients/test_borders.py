"""What a department lifts out must run elsewhere: three libraries for the kit, its front door for the apps."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

CLIENTS = Path(__file__).parents[2] / "clients"


def imports(folder: Path) -> set[tuple[str, str]]:
    """(module, imported name) of every absolute import."""
    found: set[tuple[str, str]] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {(alias.name, "") for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found |= {(str(node.module), alias.name) for alias in node.names}
    return found


def test_the_kit_needs_flask_pyjwt_and_urllib3_only() -> None:
    used = {module.split(".")[0] for module, _ in imports(CLIENTS / "kit")}
    assert used - set(sys.stdlib_module_names) == {"flask", "werkzeug", "jwt", "urllib3"}


@pytest.mark.parametrize("name", ["kit", "office", "childcare", "benefits"])
def test_no_app_knows_the_inside_of_its_neighbours(name: str) -> None:
    used = imports(CLIENTS / name)
    assert not {module for module, _ in used if module.split(".")[0] in {"idp", "mypage"}}
    inside = {module for module, _ in used if module.startswith("clients")}
    allowed = {"kit": set(), "office": {"clients", "clients.kit"}}
    assert inside <= allowed.get(name, {"clients.kit", "clients.office"})
    assert all(imported == "kit" for module, imported in used if module == "clients")
