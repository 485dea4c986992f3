"""WebFinger (OIDC Discovery §2): the issuer for identifiers of our host; no word about who exists."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from tests.support.town import Town

REL = "http://openid.net/specs/connect/1.0/issuer"


def ask(town: Town, **query: str) -> TestResponse:
    return town.app.test_client().get(
        "/.well-known/webfinger", query_string=query, headers={"Accept": "application/json"}
    )


@pytest.mark.parametrize(
    "resource",
    ["acct:hanako@localhost:8000", "acct:nobody@LOCALHOST:8000", "hanako@localhost:8000", "http://localhost:8000/hanako",
     "http://localhost:8000", "acct:a%40b.example@localhost:8000"],
)  # fmt: skip
def test_ours(shared_town: Town, resource: str) -> None:
    answer = ask(shared_town, resource=resource, rel=REL)
    assert answer.status_code == 200
    assert answer.content_type == "application/jrd+json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.json == {"subject": resource, "links": [{"rel": REL, "href": shared_town.issuer}]}


def test_another_relation(shared_town: Town) -> None:
    assert ask(shared_town, resource="acct:a@localhost:8000", rel="other").json["links"] == []


@pytest.mark.parametrize(
    ("resource", "status"),
    [("acct:hanako@evil.example", 404), ("https://evil.example/", 404), ("nonsense", 404), ("http://[", 404),
     ("acct:@localhost:8000", 404),
     ("", 400), ("x" * 2000, 400)],
)  # fmt: skip
def test_others(shared_town: Town, resource: str, status: int) -> None:
    assert ask(shared_town, resource=resource).status_code == status
