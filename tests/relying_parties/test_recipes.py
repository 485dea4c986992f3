"""docs/relying-parties.md says what is tested here, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = (HERE.parents[1] / "docs" / "relying-parties.md").read_text("utf-8")


def directives(text: str) -> list[str]:
    """Apache's, by name; with what they are set to where that does not depend on the place."""
    found = re.findall(r"^ *(OIDC\w+) ([^\n\"]*)", text, re.MULTILINE)
    return sorted(f"{name} {value}".strip() for name, value in found)


def test_the_apache_recipe_is_the_tested_configuration() -> None:
    tested = directives((HERE / "mod_auth_openidc" / "legacy.conf").read_text("utf-8"))
    assert len(tested) > 15
    assert directives(PAGE) == tested


def test_calls_of_the_recipes_are_in_the_tested_programs() -> None:
    programs = (HERE / "openid_client" / "driver.mjs").read_text("utf-8") + (
        HERE / "oidc_client_ts" / "app.js"
    ).read_text("utf-8")
    named = set(re.findall(r"\b(?:client|manager|jose)\.(\w+)\(", PAGE))
    assert len(named) > 10
    assert {name for name in named if f".{name}(" not in programs} == set()


def test_packages_have_exact_versions_and_name_no_host() -> None:
    packages = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in packages.values())
    for name in ("openid-client", "oidc-client-ts"):
        assert f"`{name}` {packages[name].split('.')[0]}" in PAGE
    assert not list(HERE.glob("package-lock.json"))
