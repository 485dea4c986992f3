"""The way in that a department's developer is shown works: the app of the kit's README, registered as the pages say, at the product."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mypage.cases.model import Case
from tests.conftest import sqlite_copy
from tests.support.html import hidden_fields
from tests.support.rp import Person
from tests.support.server import free_port
from tests.support.serving import Served
from tests.support.town import Town
from tests.support.waiting import until

ROOT = Path(__file__).parents[1]
README = (ROOT / "clients" / "kit" / "README.md").read_text("utf-8")
DEPARTMENTS = (ROOT / "docs" / "departments.md").read_text("utf-8")
PORT = "8009"


def by_departments_page() -> list[str]:
    """Arguments of `machi` in the command of docs/departments.md."""
    [command] = re.findall(r"MACHI_DEMO=1.*?machi_id (clients register.*?\}')\n", DEPARTMENTS, re.DOTALL)
    return shlex.split(command.replace("\\\n", " "))


def by_readme() -> list[str]:
    """The same out of the table in the README."""
    table = README.split("## What to register at the provider")[1].split("\n## ")[0]
    metadata: dict[str, Any] = {}
    for members, values in re.findall(r"^\| (`.*?) \| (.*?) \|$", table, re.MULTILINE):
        said = re.findall(r"`([^`]+)`", values)
        for member, value in zip(re.findall(r"`([^`]+)`", members), said, strict=False):
            metadata[member] = value.replace("{BASE_URL}", f"http://localhost:{PORT}")
    source = environment()[metadata.pop("event_source")]
    for member in ("redirect_uris", "post_logout_redirect_uris", "grant_types"):
        metadata[member] = metadata[member].split()
    metadata["backchannel_logout_session_required"] = metadata["backchannel_logout_session_required"] == "true"
    return ["clients", "register", "--client-id", "parks", "--event-source", source, "--metadata", json.dumps(metadata)]


def environment() -> dict[str, str]:
    """What the README sets before it runs the app; `...` is left to the reader."""
    [line] = re.findall(r"^Run it: `(.*?) flask ", README, re.MULTILINE)
    return dict(word.split("=", 1) for word in shlex.split(line))


@pytest.fixture
def town(template: Any) -> Iterator[Town]:
    port = free_port()
    with sqlite_copy(template[0]) as url, Town(url, issuer=f"http://localhost:{port}") as town:
        served = Served(town.app, port)
        yield town
        served.stop()


@pytest.mark.parametrize("registration", [by_departments_page, by_readme])
def test_registered_by_the_one_and_run_by_the_other(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registration: Any
) -> None:
    port = str(free_port())
    command = [word.replace(PORT, port) for word in registration()]
    done = town.app.test_cli_runner().invoke(args=["machi", *command, "--json"])
    assert done.exit_code == 0, done.output
    made = json.loads(done.output)
    mine = {"ISSUER": town.issuer, "CLIENT_ID": made["client_id"], "CLIENT_SECRET": made["client_secret"],
            "DATABASE": str(tmp_path / "parks.db"), "SECRET_KEY": "key"}  # fmt: skip
    for name, value in environment().items():
        assert name in mine or "..." not in value, f"the reader is not told what {name} is"
        monkeypatch.setenv(name, mine.get(name, value).replace(PORT, port))
    names: dict[str, Any] = {"__name__": "parks"}
    code = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    exec(
        compile(code.replace("machi_kit", "clients.kit"), "README.md", "exec"), names
    )  # as it is called in the source tree
    parks = Served(names["app"], int(port))
    try:
        browser = town.signed_in()
        person = Person(town.issuer)
        person.http.cookies.set("machi_session", browser.cookie("machi_session"), domain="localhost.local")
        page = person.go(f"{parks.url}/auth/login")
        back = person.submit(page, page.url, decision="allow").headers["Location"]
        home = person.http.get(back, timeout=10)
        assert "見本 花子 さん" in home.text
        applied = person.http.post(f"{parks.url}/apply", data=hidden_fields(home.text), timeout=10)
        assert applied.text == "受け付けました。"
        until(lambda: town.count(Case, Case.client_id == "parks"))
    finally:
        names["machi"].reporter.stop()
        parks.stop()
