"""docs/relying-parties.md says what is tested here, and nothing else."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from pathlib import Path

from .test_as_documented import LIBRARIES

HERE = Path(__file__).resolve().parent
PACKAGES = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
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
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in PACKAGES.values())


def test_the_table_names_as_run_each_time_what_runs_each_time() -> None:
    rows = re.findall(r"^\| `?([^` ]+)`? ([\d.]+)[^|]*\|.*\| every run \|$", PAGE, re.MULTILINE)
    versions = PACKAGES | {"Authlib": version("authlib"), "mod_auth_openidc": "2.4.12"}  # the last one is the machine's
    assert len(LIBRARIES) + 3 == len(rows)  # and the three recipes
    for name, told in rows:
        assert f"{versions[name]}.".startswith(f"{told}."), name
