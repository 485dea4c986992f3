"""A registered app as tests drive it, without any library of the product."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import jwt
from werkzeug.test import TestResponse

if TYPE_CHECKING:
    from .town import Town

VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


class App:
    """`client_id`, `secret` (None for public ones), `redirect_uri`, and the calls an app makes."""

    def __init__(self, town: Town, client_id: str, secret: str | None, metadata: dict[str, Any]) -> None:
        self.town = town
        self.client_id = client_id
        self.secret = secret
        self.metadata = metadata
        self.redirect_uri: str = (metadata.get("redirect_uris") or [""])[0]

    def request(self, **changes: str | None) -> dict[str, str]:
        """Parameters of an authorization request; None takes one away."""
        values: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": "st-1",
            "nonce": "n-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | changes
        return {name: value for name, value in values.items() if value is not None}

    def post(self, path: str, form: dict[str, str | None], **more: Any) -> TestResponse:
        """POST a form as this client: client_secret_basic, or by `client_id` alone for a public one."""
        data = {name: value for name, value in form.items() if value is not None}
        if self.secret is None:
            data.setdefault("client_id", self.client_id)
        elif "auth" not in more and "headers" not in more:
            more["auth"] = (self.client_id, self.secret)
        return self.town.app.test_client().post(path, data=data, **more)

    def redeem(self, code: str, **changes: str | None) -> TestResponse:
        """The token request for a code."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
        }
        return self.post("/token", form | changes)

    def refresh(self, token: str, **changes: str | None) -> TestResponse:
        return self.post("/token", {"grant_type": "refresh_token", "refresh_token": token} | changes)

    def userinfo(self, access_token: str) -> TestResponse:
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.town.app.test_client().get("/userinfo", headers=headers)

    def introspect(self, token: str) -> dict[str, Any]:
        answer = self.post("/introspect", {"token": token})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json
        return body

    def revoke(self, token: str) -> TestResponse:
        return self.post("/revoke", {"token": token})

    def id_token(self, token: str, **options: Any) -> dict[str, Any]:
        """The claims of an ID token, after checking it as an app must (OIDC Core §3.1.3.7)."""
        keys = jwt.PyJWKSet.from_dict(self.town.app.test_client().get("/jwks").json)
        key = keys[jwt.get_unverified_header(token)["kid"]]
        alg = self.metadata.get("id_token_signed_response_alg", "RS256")
        claims: dict[str, Any] = jwt.decode(
            token, key.key, algorithms=[alg], audience=self.client_id, issuer=self.town.issuer, options=options
        )
        return claims
