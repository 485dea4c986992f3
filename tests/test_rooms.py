"""Rooms are entered by their fronts: what a room is for and what it hands out stands in its `__init__`, and nobody reaches past it.

Two doors: the front, and `model.py`, whose tables others join and read.
"""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOUSE = "idp.oidc"
ROOMS = sorted(path.parent.name for path in (ROOT / "idp/oidc").glob("*/__init__.py"))
"""Of the protocol."""
OTHERS = ("idp.audit", "idp.residents", "idp.credentials", "idp.logins", "idp.authority", "idp.signin", "idp.staff")
"""Rooms beside it. The foundation has no front: each of its modules is a tool by itself. Nobody uses desk and commands."""
FRONTS = sorted([*(f"{HOUSE}.{room}" for room in ROOMS), *OTHERS], key=len, reverse=True)
FEW = 20
"""Doors of a room beside `install`. One that needs more is about two things."""


class Import(NamedTuple):
    file: Path
    line: int
    room: str
    """Whose it is."""
    module: str
    """Below the room; empty: the front."""
    name: str
    inside: bool
    """By a module of the room itself."""


def imports_of_rooms(path: Path) -> Iterator[Import]:
    """What a file imports of a room it does not stand in, at its top or in a function; and what a room takes from its own front."""
    package = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            found = [(module, alias.name) for alias in node.names]
        else:
            continue
        for whole, name in found:
            here = ".".join(package)
            room = next((front for front in FRONTS if f"{whole}.".startswith(f"{front}.")), None)
            if room is None:
                continue  # or a house: a whole front, like `grants` for `grants.install`
            module = whole[len(room) + 1 :]
            inside = f"{here}.".startswith(f"{room}.")
            of_itself = inside and not module and not list(ROOT.joinpath(*room.split(".")).glob(f"{name}*"))
            if not inside or (of_itself and path.name != "__init__.py"):
                yield Import(path, node.lineno, room, module, name, inside)


@cache
def all_imports() -> list[Import]:
    """Of the three packages and of what measures them. The page of checks shows what is behind the doors, and tests look anywhere."""
    files = [path for top in ("idp", "mypage", "machi_id", "bench") for path in sorted((ROOT / top).rglob("*.py"))]
    assert len(files) > 300
    return [found for path in files for found in imports_of_rooms(path)]


def is_front(module: str) -> bool:
    """A room, or one inside it that has a front of its own, like `credentials.jpki`."""
    return ROOT.joinpath(*module.split("."), "__init__.py").exists()


def doors(room: str) -> list[str]:
    return list(importlib.import_module(room).__all__)


def test_nobody_reaches_past_a_front() -> None:
    found = all_imports()
    assert len(found) > 200
    for one in found:
        where = f"{one.file.relative_to(ROOT)}:{one.line}: {one.room}.{one.module or '__init__'}: {one.name}"
        assert not one.inside, f"{where}: a room knows itself by its modules"
        front = ".".join(filter(None, (one.room, one.module)))
        assert one.module == "model" or is_front(front), f"{where} is behind the front of {one.room}"
        assert one.module == "model" or one.name in doors(front), f"{where} is no door"


@pytest.mark.parametrize("room", FRONTS)
def test_a_front_says_what_its_room_is_for_and_hands_out_a_few_doors(room: str) -> None:
    tree = ast.parse(ROOT.joinpath(*room.split("."), "__init__.py").read_text("utf-8"))
    assert len(ast.get_docstring(tree) or "") > 40
    used = {one.name for one in all_imports() if one.room == room and not one.module}
    opened = set(doors(room)) - {"install"}
    assert opened - used == set(), "a door that nobody uses"
    assert doors(room)
    assert len(opened) <= FEW


def test_tests_stand_in_the_rooms_they_are_about() -> None:
    """`tests/idp/oidc/tokens/test_code.py` is about the room `tokens`; what crosses rooms stands above them."""
    folders = {path.parent.name for path in (ROOT / "tests/idp/oidc").glob("*/test_*.py")}
    assert folders == set(ROOMS)
    beside = {path.parent.name for path in (ROOT / "tests/idp").glob("*/test_*.py")}
    assert beside <= {path.parent.name for path in (ROOT / "idp").glob("*/__init__.py")}


def test_the_page_of_the_architecture_has_each_room_in_its_place() -> None:
    """The picture from top to bottom is the contract's order."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract.get("containers") == [HOUSE]]
    order = [room for layer in layers for room in layer.split(" | ") if room in ROOMS]
    page = (ROOT / "docs/architecture.md").read_text("utf-8").split("### Rooms of the protocol")[1].split("\n### ")[0]
    picture, table = page.split("```")[1], page.split("```")[2]
    shown = [word for line in picture.splitlines() for word in re.split(r" {5,}", line)[0].replace(">", " ").split()]
    assert sorted(word for word in shown if word in ROOMS) == ROOMS == sorted(order)
    rank = {room: n for n, layer in enumerate(layers) for room in layer.split(" | ")}
    assert [rank[word] for word in shown if word in ROOMS] == sorted(rank[word] for word in order)
    assert sorted(re.findall(r"^\| `(\w+)/` \|", table, re.MULTILINE)) == ROOMS
