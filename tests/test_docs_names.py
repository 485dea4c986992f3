"""What documents name is there, and what is there is named: commands, settings, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from idp.foundation.settings import Settings
from machi_id.commands import machi
from tests.support.town import Town

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMAND = re.compile(r"(?:^    |`)machi ([a-z][a-z-]*)(?: ([a-z|\\-]+))?", re.M)
PATH = re.compile(r"`(?:(?:GET|POST|PUT|DELETE) )?(/[a-z.][^`\s?]*)`")
ELSEWHERE = {"docs/relying-parties.md": None, "docs/card-reader.md": {"/read"}}
"""Pages with addresses of others: None, all of them."""
# Not settings: what decisions tell of misspelt ones, and of Kubernetes' own.
NO_SETTING = re.compile(r"MACHI_(DPOP_NONCE_REQUIERD|SERVICE_HOST|PORT_8000_TCP_ADDR|PORT)")


def commands() -> Iterator[tuple[str, str]]:
    """Each command as `(group, command)`; the second is empty for one that is in no group."""
    for name, found in machi.commands.items():
        if isinstance(found, click.Group):
            yield from ((name, command) for command in found.commands)
        else:
            yield name, ""


def named_in(text: str) -> set[tuple[str, str]]:
    """As above; `a\\|b` in a table names both."""
    groups = {group for group, command in commands() if command}
    return {
        (first, one if first in groups else "")
        for first, second in COMMAND.findall(text)
        for one in (re.split(r"\\?\|", second) if first in groups else [""])
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_that_a_page_names_exists(page: Path) -> None:
    assert named_in(page.read_text("utf-8")) - set(commands()) - {(group, "") for group, _ in commands()} == set()


def test_every_command_is_in_the_operators_table() -> None:
    text = (ROOT / "docs" / "operators.md").read_text("utf-8").split("## Every command")[1].split("\n## ")[0]
    assert set(commands()) - named_in(text) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_setting_that_a_page_names_exists(page: Path) -> None:
    known = {f"MACHI_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"\bMACHI_[A-Z0-9_]*[A-Z0-9]", page.read_text("utf-8")))
    unknown = {name for name in named if name not in known and not NO_SETTING.fullmatch(name)}
    # `MACHI_JPKI_*` stands for several.
    assert {name for name in unknown if not any(one.startswith(name + "_") for one in known)} == set()


def test_an_address_that_a_page_names_is_a_route(town: Town) -> None:
    routes = town.app.url_map.bind("localhost")
    named = 0
    for page in PAGES:
        of_others = ELSEWHERE.get(str(page.relative_to(ROOT)), {"/staff"})
        for path in set(PATH.findall(page.read_text("utf-8"))) if of_others is not None else ():
            if path in (of_others or ()) or page.name == "CHANGELOG.md":
                continue
            named += 1
            plain = re.sub(r"[{<][^}>]*[}>]", "x", path)
            assert any(exists(routes, tried) for tried in (plain, plain.removesuffix("/machi"))), f"{page.name}: {path}"
    assert named > 25


def exists(routes: object, path: str) -> bool:
    """With whatever method."""
    for method in ("GET", "POST", "DELETE"):
        try:
            routes.match(path, method=method)  # type: ignore[attr-defined]
        except RequestRedirect:
            return True
        except HTTPException:
            continue
        return True
    return False
