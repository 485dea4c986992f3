"""What every happy flow of the official suite checks besides its own subject: state, issuer, tokens, hashes, caching."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from .core_client import Client, Flow

TOKEN_MEMBERS = {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
RESPONSE_MEMBERS = {"state", "iss", "session_state"}
# RFC 6749 §5.2: characters of error and error_description; appendix A.17: of a refresh token.
_ERROR = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
_VISIBLE = re.compile(r"[\x20-\x7e]+")
_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}


def half_hash(value: str) -> str:
    """`at_hash` and `c_hash` for algorithms with SHA-256 (OIDC Core §3.1.3.6, §3.3.2.11)."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).decode().rstrip("=")


def check_flow(client: Client, flow: Flow) -> None:
    """Everything that must hold after a successful sign-on."""
    check_response(client, flow)
    subjects = set()
    for claims, in_front in ((flow.front_claims, True), (flow.back_claims, False)):
        if claims is not None:
            check_id_token(client, flow, claims, in_front)
            subjects.add((claims["iss"], claims["sub"]))
    if flow.info:
        subjects.add((client.issuer, flow.info["sub"]))
    assert len(subjects) == 1  # the same person in front, behind and in userinfo


def check_keys(jwks: dict[str, Any]) -> None:
    kids = [key["kid"] for key in jwks["keys"]]
    assert kids
    assert len(kids) == len(set(kids))
    assert not [key for key in jwks["keys"] if _PRIVATE & set(key)]
    assert any(key["kty"] == "RSA" for key in jwks["keys"])


def check_response(client: Client, flow: Flow) -> None:
    front = flow.front
    assert front.get("state") == flow.sent.get("state")
    assert front["iss"] == client.issuer
    words = client.variant.words
    expected = {"code"} & words | {"id_token"} & words
    if "token" in words:
        expected |= {"access_token", "token_type", "expires_in"}
        assert front["token_type"].lower() == "bearer"
        assert 0 < int(front["expires_in"]) <= 86400
    assert expected <= set(front)
    assert set(front) - expected <= RESPONSE_MEMBERS | {"scope"}


def check_token_response(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    assert "no-store" in answer.headers["Cache-Control"]
    body: dict[str, Any] = answer.json()
    assert set(body) <= TOKEN_MEMBERS
    assert body["token_type"].lower() == "bearer"
    assert isinstance(body["expires_in"], int)
    assert 0 < body["expires_in"] <= 86400
    if "refresh_token" in body:
        assert _VISIBLE.fullmatch(body["refresh_token"])
    return body


def check_id_token(client: Client, flow: Flow, claims: dict[str, Any], in_front: bool) -> None:
    now = time.time()
    assert claims["iss"] == client.issuer
    assert claims["aud"] in (client.client_id, [client.client_id])
    assert claims.get("azp", client.client_id) == client.client_id
    assert 0 < len(claims["sub"]) <= 255
    assert now - 5 < claims["exp"] < now + 86400
    assert now - 60 < claims["iat"] < now + 5
    assert claims.get("auth_time", now) <= now + 1
    assert claims.get("nonce") == flow.sent.get("nonce")
    token = flow.front.get("access_token") if in_front else (flow.tokens or {}).get("access_token")
    # In front at_hash and c_hash are a must (OIDC Core §3.2.2.10, §3.3.2.11), from the token endpoint they are allowed.
    assert claims.get("at_hash") == (half_hash(token) if token else None)
    assert claims.get("c_hash") == (half_hash(flow.front["code"]) if in_front and "code" in flow.front else None)


def check_protected(client: Client) -> None:
    """Userinfo is a protected resource (RFC 6750 §3)."""
    answer = client.http.get(client.config["userinfo_endpoint"], timeout=10)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    answer = client.userinfo("not-a-token")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def check_error(response: dict[str, str], sent: dict[str, str], issuer: str) -> None:
    """An error response: right state and issuer, allowed characters, nothing of a success."""
    assert response.get("state") == sent.get("state")
    assert response["iss"] == issuer
    assert _ERROR.fullmatch(response["error"])
    assert _ERROR.fullmatch(response.get("error_description", "-"))
    assert not {"code", "id_token", "access_token"} & set(response)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "form":
            self.forms.append(dict(attrs))


def check_form(page: str, redirect_uri: str) -> None:
    """Form Post Response Mode §2: POST, urlencoded."""
    parser = _Forms()
    parser.feed(page)
    form = next(f for f in parser.forms if f.get("action") == redirect_uri)
    assert str(form["method"]).lower() == "post"
    assert form.get("enctype") in (None, "application/x-www-form-urlencoded")
