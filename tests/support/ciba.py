"""A department's system that asks residents over CIBA, with a key of its own; requests and PyJWT only when over HTTP."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from .apps import App
from .browser import Browser
from .town import Town

CIBA = "urn:openid:params:grant-type:ciba"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Desk:
    """`app` registered with `key`; `sub` is the resident's subject at this app once `know` was called."""

    def __init__(self, town: Town, *, mode: str = "poll", signed: bool = False, **metadata: Any) -> None:
        self.town = town
        self.key = ec.generate_private_key(ec.SECP256R1())
        jwk = {**json.loads(ECAlgorithm.to_jwk(self.key.public_key())), "kid": "desk", "alg": "ES256"}
        given: dict[str, Any] = {
            "client_name": "福祉課の窓口",
            "grant_types": [CIBA, "refresh_token"],
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [jwk]},
            "backchannel_token_delivery_mode": mode,
        }
        if signed:
            given["backchannel_authentication_request_signing_alg"] = "ES256"
        options = metadata.pop("options", None)
        self.app: App = town.register(options, **given | metadata)
        self.signed = signed

    def know(self, resident_id: str) -> str:
        """The `sub` under which this app knows the resident."""
        from idp.residents.subjects import subject_of

        client = self.town.op.clients.get(self.app.client_id)
        assert client is not None
        with self.town.writing() as session:
            return subject_of(session, resident_id, client.sector)

    def jwt(self, claims: dict[str, Any], alg: str = "ES256", key: Any = None) -> str:
        return jwt.encode(claims, self.key if key is None else key, algorithm=alg, headers={"kid": "desk"})

    def authentication(self) -> dict[str, str]:
        """private_key_jwt, fresh."""
        now = int(time.time())
        claims = {"iss": self.app.client_id, "sub": self.app.client_id, "aud": self.town.issuer, "iat": now,
                  "exp": now + 60, "jti": str(uuid.uuid4())}  # fmt: skip
        return {"client_assertion_type": ASSERTION, "client_assertion": self.jwt(claims)}

    def request_claims(self, parameters: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """The claims of a signed authentication request; None takes one away."""
        now = int(time.time())
        claims = {"iss": self.app.client_id, "aud": self.town.issuer, "iat": now, "nbf": now, "exp": now + 120,
                  "jti": str(uuid.uuid4())} | parameters | changes  # fmt: skip
        return {name: value for name, value in claims.items() if value is not None}

    def form(self, parameters: dict[str, Any]) -> dict[str, str]:
        """What to send to the backchannel authentication endpoint."""
        if self.signed:
            return self.authentication() | {"request": self.jwt(self.request_claims(parameters))}
        return self.authentication() | {name: str(value) for name, value in parameters.items() if value is not None}

    def ask(self, **parameters: Any) -> Any:
        """POST the question in process."""
        return self.post("/backchannel_authentication", self.form({"scope": "openid profile"} | parameters))

    def fetch(self, auth_req_id: str) -> Any:
        """The token request."""
        return self.post("/token", {"grant_type": CIBA, "auth_req_id": auth_req_id} | self.authentication())

    def post(self, path: str, form: dict[str, str]) -> Any:
        return self.town.app.test_client().post(path, data=form)


def answer(browser: Browser, decision: str = "allow") -> Any:
    """Answer the newest question on the resident's page."""
    from .html import form_actions

    actions = [a for a in form_actions(browser.get("/approve").text) if a.startswith("/approve/")]
    return browser.post(actions[0], {"decision": decision})
