"""One name for each thing: what docs/words.md lists under "not" stands in no template and no message catalogue."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("idp", "mypage", "clients")
CATALOGUES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("messages.po"))
PACKAGES = ("idp", "mypage", "machi_id")
TEMPLATES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("templates/**/*.html"))
NO_WORDS = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<script.*?</script>|<[^>]*>", re.DOTALL)


def forbidden() -> dict[str, re.Pattern[str]]:
    """By the pages' name of a thing: a pattern that finds its other names, but not the phrases that are spared."""
    table = (ROOT / "docs" / "words.md").read_text("utf-8").split("## On pages")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("| ")
    ]
    found = {}
    for _, english, _, names in rows[2:]:
        wrong, _, spared = names.partition(" (but ")
        words = "|".join(map(whole, wrong.split(", ")))
        spare = "|".join(map(whole, spared.rstrip(")").split(", "))) if spared else r"(?!)"
        found[english] = re.compile(rf"(?:{spare})|(?P<wrong>{words})", re.IGNORECASE)
    return found


def whole(name: str) -> str:
    """English as whole words, of any number; Japanese has no borders of words."""
    return rf"\b{re.escape(name)}s?\b" if name.isascii() else re.escape(name)


FORBIDDEN = forbidden()


def wrong_names(text: str) -> list[str]:
    return [
        f"{match['wrong']} (it is {english})"
        for english, pattern in FORBIDDEN.items()
        for match in pattern.finditer(text)
        if match["wrong"]
    ]


def texts_of(catalogue: Path) -> Iterator[str]:
    with catalogue.open("rb") as file:
        for message in read_po(file, "ja"):
            if message.id:
                for text in (message.id, message.string):
                    yield from [text] if isinstance(text, str) else text


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.relative_to(ROOT).parts[0])
def test_a_catalogue_calls_things_by_their_name(path: Path) -> None:
    texts = list(texts_of(path))
    assert len(texts) > 100
    assert [(text, wrong) for text in texts if (wrong := wrong_names(text))] == []


def test_templates_call_things_by_their_name() -> None:
    assert len(TEMPLATES) > 50
    found = {str(path.relative_to(ROOT)): wrong_names(NO_WORDS.sub(" ", path.read_text("utf-8"))) for path in TEMPLATES}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Tell the client", ["client"]),
        ("Clients of the city", ["Clients"]),
        ("a public client without client_credentials", []),
        ("クライアント証明書とクライアント", ["クライアント"]),
        ("Please log in", ["log in"]),
        ("a login", []),
        ("バックチャネルログアウト", []),
    ],
)
def test_what_is_found_and_what_is_spared(text: str, wrong: list[str]) -> None:
    assert [name.partition(" (it is")[0] for name in wrong_names(text)] == wrong


def names_of_code() -> Iterator[tuple[str, str, ast.stmt | None]]:
    """(name, file, definition) of each module, class and function at the top of one."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            file = str(path.relative_to(ROOT))
            yield path.stem, file, None
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef | ast.FunctionDef):
                    yield node.name, file, node


def given_up() -> set[str]:
    table = (ROOT / "docs" / "words.md").read_text("utf-8").split("## How code works")[1]
    return {
        name
        for line in table.splitlines()[4:]
        if "` is " not in (last := line.strip("|").rpartition("|")[2])
        for name in re.findall(r"`(\w+)`", last)
    }


def test_code_uses_the_fields_terms() -> None:
    old = given_up()
    assert len(old) > 20
    assert [f"{file}: {name}" for name, file, _ in names_of_code() if name in old] == []


def test_no_two_classes_have_one_name() -> None:
    """Departments' code is its own world: a kit calls a resident what it knows of one."""
    where: dict[str, list[str]] = {}
    for name, file, node in names_of_code():
        if isinstance(node, ast.ClassDef) and not name.startswith("_"):
            where.setdefault(name, []).append(file)
    assert {name: files for name, files in where.items() if len(files) > 1} == {}
