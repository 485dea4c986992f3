"""The examples of docs/departments.md work as they stand there, over HTTP, one after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask, jsonify

from idp.oidc.policy.policy import set_policy
from tests.conftest import sqlite_copy
from tests.support.apps import App
from tests.support.ciba import answer as answer_question
from tests.support.fapi import SigningKey
from tests.support.rp import Person
from tests.support.server import free_port
from tests.support.serving import Served
from tests.support.town import Town

PAGE = (Path(__file__).parents[1] / "docs" / "departments.md").read_text("utf-8")
SECTION = PAGE.split("## More than a secret and a redirect")[1].split("\n## ")[0]
PROGRAMS = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
METADATA: dict[str, Any] = json.loads(re.findall(r"```json\n(.*?)```", SECTION, re.DOTALL)[0])
TAX = "https://tax.mihon.example/api"


class Office:
    """A served town with the app of the page, and what the page leaves to the reader."""

    def __init__(self, town: Town, key: SigningKey, jwks_uri: str) -> None:
        self.town = town
        self.app: App = town.register(**METADATA | {"jwks_uri": jwks_uri})
        self.tax = town.register(grant_types=["client_credentials"], scope="case:write")
        reads = {"tax:read": {"ja": "税の情報を見る", "en": "See your tax records"}}
        for app, policy in (
            (self.tax, {"resource_indicators": {TAX: reads}}),
            (self.app, {"may_exchange": {TAX: ["tax:read"]}}),
        ):
            with town.app.app_context(), town.writing() as session:
                set_policy(session, app.client_id, policy, "test")
        self.names: dict[str, Any] = {
            "ISSUER": town.issuer,
            "CLIENT_ID": self.app.client_id,
            "REDIRECT_URI": METADATA["redirect_uris"][0],
            "PRIVATE_KEY": key.private,
            "DPOP_KEY": ec.generate_private_key(ec.SECP256R1()),
            "print": lambda *_: None,
        }

    def run(self, program: str) -> dict[str, Any]:
        exec(compile(program, "docs/departments.md", "exec"), self.names)
        return self.names


@pytest.fixture
def office(template: Any) -> Iterator[Office]:
    key, port = SigningKey(kid="2026-1"), free_port()
    site = Flask("parks")
    site.add_url_rule("/jwks.json", view_func=lambda: jsonify(keys=[key.registered]))
    parks = Served(site, free_port())
    with sqlite_copy(template[0]) as url, Town(url, issuer=f"http://localhost:{port}") as town:
        served = Served(town.app, port)
        yield Office(town, key, f"{parks.url}/jwks.json")
        served.stop()
    parks.stop()


def test_the_examples(office: Office) -> None:
    client_authentication, dpop, par, code, device, ciba, exchange = PROGRAMS
    browser = office.town.signed_in()
    for program in (client_authentication, dpop, par):
        names = office.run(program)
    person = Person(office.town.issuer)
    person.http.cookies.set("machi_session", browser.cookie("machi_session"), domain="localhost.local")
    page = person.go(names["url"])
    back = person.submit(page, page.url, decision="allow").headers["Location"]
    answer = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    assert (answer["state"], answer["iss"]) == (names["state"], office.town.issuer)
    names["CODE"] = answer["code"]

    office.run(code)
    assert names["tokens"]["token_type"] == "DPoP"
    assert names["tokens"]["refresh_token"]
    assert names["person"]["name"] == "見本 花子"

    office.run(device)
    assert names["device"]["verification_uri"] == f"{office.town.issuer}/device"
    assert names["answer"]["error"] == "authorization_pending"

    office.run(ciba)
    assert names["answer"]["error"] == "authorization_pending"
    assert answer_question(browser).location.endswith("/approve?answered=allow")

    office.run(exchange)
    assert names["there"]["scope"] == "tax:read"
    seen = office.tax.introspect(names["there"]["access_token"])
    assert (seen["active"], seen["act"]) == (True, {"sub": office.app.client_id})
    assert seen["sub"] != names["person"]["sub"]


def test_each_example_is_run() -> None:
    assert len(PROGRAMS) == 7
    assert SECTION.count("\n### ") == 6
