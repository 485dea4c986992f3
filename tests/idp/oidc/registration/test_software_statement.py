"""Software statements (RFC 7591 §2.3): believed only from issuers the operator configured, and over what the request says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.test import TestResponse

from idp.foundation import clock
from idp.foundation.settings import SettingsError
from idp.oidc.clients.model import Client
from idp.oidc.registration.registration import issue_initial_access_token
from idp.oidc.registration.software_statement import load_issuers
from tests.support.town import Town

ISSUER = "https://registry.example"
KEY = ec.generate_private_key(ec.SECP256R1())
FOREIGN = ec.generate_private_key(ec.SECP256R1())
REQUEST = {"client_name": "Asked for", "redirect_uris": ["https://stated.example/cb"]}


def public(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    return {**found, "kid": "k1"}


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    path = tmp_path / "issuers.json"
    path.write_text(json.dumps({ISSUER: {"keys": [public(KEY)]}}))
    with Town(sqlite_url, software_statement_issuers=path) as town:
        yield town


def statement(key: Any = KEY, alg: str = "ES256", **claims: Any) -> str:
    return jwt.encode({"iss": ISSUER, "software_id": "s-1", **claims}, key, alg, headers={"kid": "k1"})


def register(town: Town, **metadata: Any) -> TestResponse:
    with town.writing() as session:
        token = issue_initial_access_token(session, "test", 1, timedelta(days=1))
    headers = {"Authorization": f"Bearer {token}"}
    return town.app.test_client().post("/register", json=REQUEST | metadata, headers=headers)


def test_a_statement_proves_no_host(town: Town) -> None:
    """Its issuer vouches for what it says; who belongs to a host is said by the city and by the host itself (OIDC Core §8.1)."""
    department = town.register(redirect_uris=REQUEST["redirect_uris"])
    given = statement(redirect_uris=REQUEST["redirect_uris"], sector="host:stated.example", sector_proof="decided")
    answer = register(town, software_statement=given)
    assert answer.status_code == 201, answer.text
    sectors = {row.client_id: row.sector for row in town.rows(Client)}
    assert sectors[department.client_id] == "host:stated.example"
    assert sectors[answer.json["client_id"]] == f"client:{answer.json['client_id']}"


def test_the_statement_counts_over_the_request(town: Town) -> None:
    given = statement(client_name="Vouched for", policy_uri="https://registry.example/policy")
    answer = register(town, software_statement=given)
    assert answer.status_code == 201, answer.text
    assert answer.json["client_name"] == "Vouched for"
    assert answer.json["policy_uri"] == "https://registry.example/policy"
    assert answer.json["software_id"] == "s-1"
    assert answer.json["software_statement"] == given  # as it came (§3.2.1)
    assert answer.json["redirect_uris"] == REQUEST["redirect_uris"]


def test_what_it_states_is_validated_too(town: Town) -> None:
    answer = register(town, software_statement=statement(redirect_uris=["http://evil.example/"]))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_redirect_uri")


def test_made_for_this_provider_or_for_all(town: Town) -> None:
    assert register(town, software_statement=statement(aud=town.issuer)).status_code == 201
    assert register(town, software_statement=statement(aud=["https://x.example", town.issuer])).status_code == 201
    assert register(town, software_statement=statement(aud="https://x.example")).status_code == 400


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (statement(FOREIGN), "invalid_software_statement"),
        (statement("", "none"), "invalid_software_statement"),
        (statement("k" * 40, "HS256"), "invalid_software_statement"),
        (statement(exp=clock.epoch() - 60), "invalid_software_statement"),
        (statement(iss="https://nobody.example"), "unapproved_software_statement"),
        ("nonsense", "invalid_software_statement"),
        (statement()[:-6], "invalid_software_statement"),
        (7, "invalid_software_statement"),
        ("x" * 20000, "invalid_software_statement"),
    ],
)
def test_others_are_not_believed(town: Town, given: Any, error: str) -> None:
    answer = register(town, software_statement=given)
    assert (answer.status_code, answer.json["error"]) == (400, error)


def test_without_configured_issuers_none_is(sqlite_url: str) -> None:
    with Town(sqlite_url) as town:
        assert register(town, software_statement=statement()).json["error"] == "unapproved_software_statement"
        assert register(town).status_code == 201


@pytest.mark.parametrize(
    "text", ["", "[]", '{"https://a.example": {}}', '{"https://a.example": {"keys": [{"kty": "oct"}]}}']
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "issuers.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match="MACHI_SOFTWARE_STATEMENT_ISSUERS"):
        load_issuers(path)
