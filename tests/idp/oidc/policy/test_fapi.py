"""FAPI 2.0 as a switch on the client: what cannot be registered, what a later change of metadata does not open, the mTLS variant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select, update

from idp.foundation import clock
from idp.oidc.client_metadata.metadata import MetadataError
from idp.oidc.clients.model import Client
from idp.oidc.registration.register_client import CityOptions
from tests.idp.oidc.client_auth.test_client_certificate import CA, SECRET, through_proxy
from tests.support.apps import VERIFIER, App
from tests.support.browser import callback
from tests.support.codes import opened
from tests.support.fapi import SigningKey
from tests.support.town import Town

KEY = SigningKey()
STRONG: dict[str, Any] = {
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": {"keys": [KEY.registered]},
    "dpop_bound_access_tokens": True,
}


def register(town: Town, profile: str = "2.0-security", **metadata: Any) -> App:
    given = {name: value for name, value in (STRONG | metadata).items() if value is not None}
    return town.register(CityOptions(skip_consent=True, fapi_profile=profile), **given)


@pytest.mark.parametrize(
    ("member", "metadata"),
    [
        ("token_endpoint_auth_method", {"token_endpoint_auth_method": "client_secret_basic"}),
        ("token_endpoint_auth_method", {"token_endpoint_auth_method": "none"}),
        ("token_endpoint_auth_method", {"token_endpoint_auth_method": "client_secret_jwt"}),
        ("dpop_bound_access_tokens", {"dpop_bound_access_tokens": None}),
        ("dpop_bound_access_tokens", {"dpop_bound_access_tokens": False}),
        ("require_pkce", {"require_pkce": False}),
        ("id_token_signed_response_alg", {"id_token_signed_response_alg": "RS256"}),
        ("token_endpoint_auth_signing_alg", {"token_endpoint_auth_signing_alg": "RS256"}),
        ("request_object_signing_alg", {"request_object_signing_alg": "RS256"}),
        ("grant_types", {"grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]}),
    ],
)
def test_nothing_weaker_can_be_registered(shared_town: Town, member: str, metadata: dict[str, Any]) -> None:
    with pytest.raises(MetadataError, match=f"^{member}:"):
        register(shared_town, **metadata)


def test_message_signing_asks_for_signed_responses(shared_town: Town) -> None:
    with pytest.raises(MetadataError, match=r"^authorization_signed_response_alg:"):
        register(shared_town, "2.0-message-signing")
    with pytest.raises(MetadataError, match=r"^fapi_profile:"):
        register(shared_town, "3.0")


def test_id_tokens_are_not_signed_with_rs256_by_default(shared_town: Town) -> None:
    app = shared_town.register(
        CityOptions(fapi_profile="2.0-security"), **STRONG, redirect_uris=["https://fapi-default.example/cb"]
    )
    assert app.metadata["id_token_signed_response_alg"] == "ES256"


def weaken(town: Town, app: App, **metadata: Any) -> None:
    """Change what is registered behind every check."""
    with town.writing() as session:
        stored = orjson.loads(
            str(session.scalar(select(Client.metadata_json).where(Client.client_id == app.client_id)))
        )
        changed = {name: value for name, value in (stored | metadata).items() if value is not None}
        session.execute(
            update(Client).where(Client.client_id == app.client_id).values(metadata_json=orjson.dumps(changed).decode())
        )
    town.op.clients.forget(app.client_id)


def test_a_later_change_of_metadata_opens_nothing(tls_town: Town) -> None:
    """Each request is held to the profile, not to what the metadata says now."""
    app = tls_client(tls_town)
    code = code_of(tls_town, app)
    weaken(tls_town, app, tls_client_certificate_bound_access_tokens=None)
    answer = redeem(app, code)
    assert answer.json["error"] == "invalid_request"  # unbound tokens
    weaken(tls_town, app, tls_client_certificate_bound_access_tokens=True, require_pkce=False)
    form = app.request(code_challenge=None, code_challenge_method=None)
    assert app.post("/par", form, headers=through_proxy()).json["error"] == "invalid_request"
    weaken(tls_town, app, token_endpoint_auth_method="none")
    assert redeem(app, code).json["error"] == "invalid_client"
    assert callback(tls_town.signed_in("taro").authorize(app))["error"] == "invalid_request"


def test_codes_live_a_minute_at_most(sqlite_url: str) -> None:
    with Town(sqlite_url, code_seconds=600, mtls=True, mtls_proxy_secret=SECRET) as town:
        app = tls_client(town, self_signed=True)
        assert opened(town, app.client_id, code_of(town, app)).grant.expires_at - clock.epoch_ms() <= 60_000


# tls_client_auth and certificate-bound tokens ---------------------------------------------------------------------------


@pytest.fixture
def tls_town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    roots = tmp_path / "roots.pem"
    roots.write_bytes(CA.certificate.public_bytes(Encoding.PEM))
    with Town(sqlite_url, mtls=True, mtls_proxy_secret=SECRET, mtls_roots=roots) as town:
        yield town


def tls_client(town: Town, self_signed: bool = False) -> App:
    import base64

    from tests.idp.oidc.client_auth.test_client_certificate import CERTIFICATE

    x5c = [base64.b64encode(CERTIFICATE.public_bytes(Encoding.DER)).decode()]
    method = "self_signed_tls_client_auth" if self_signed else "tls_client_auth"
    return register(
        town,
        token_endpoint_auth_method=method,
        tls_client_auth_subject_dn=None if self_signed else "CN=kodomo,O=Mihon",
        jwks={"keys": [KEY.registered | {"x5c": x5c}]},
        dpop_bound_access_tokens=None,
        tls_client_certificate_bound_access_tokens=True,
    )


def code_of(town: Town, app: App) -> str:
    answer = app.post("/par", app.request(), headers=through_proxy())
    assert answer.status_code == 201, answer.text
    query = {"client_id": app.client_id, "request_uri": answer.json["request_uri"]}
    return callback(town.signed_in().get("/authorize", query_string=query))["code"]


def redeem(app: App, code: str, headers: dict[str, str] | None = None) -> Any:
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": app.redirect_uri,
        "code_verifier": VERIFIER,
        "client_id": app.client_id,
    }
    return app.post("/token", form, headers=through_proxy() if headers is None else headers)


@pytest.mark.parametrize("self_signed", [False, True])
def test_the_mtls_variant(tls_town: Town, self_signed: bool) -> None:
    app = tls_client(tls_town, self_signed)
    code = code_of(tls_town, app)
    assert redeem(app, code, {}).status_code == 401
    assert redeem(app, code, through_proxy(CA.issue("zei"))).status_code == 401
    body = redeem(app, code).json
    assert body["token_type"] == "Bearer"
    client = tls_town.app.test_client()
    bearer = {"Authorization": f"Bearer {body['access_token']}"}
    assert client.get("/userinfo", headers=bearer | through_proxy()).status_code == 200
    assert client.get("/userinfo", headers=bearer).status_code == 401
    assert client.get("/userinfo", headers=bearer | through_proxy(CA.issue("kodomo"))).status_code == 401
