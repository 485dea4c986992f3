"""A tiny OpenID provider with an events API, for tests: really signs, and misbehaves when told to."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask import Flask, Response, jsonify, redirect, request
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.support.server import free_port
from tests.support.serving import Served

HANAKO = {
    "sub": "pw-hanako",
    "name": "見本 花子",
    "birthdate": "1989-04-12",
    "address": {"formatted": "見本県みほん市中央一丁目2番3号"},
}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TinyProvider:
    """Signs everybody in as `user`. The public attributes are the knobs a test turns."""

    def __init__(self) -> None:
        self.user: dict[str, Any] = dict(HANAKO)
        self.sid = "sid-1"
        self.algorithm = "ES256"
        self.keys: dict[str, Any] = {
            "ES256": ec.generate_private_key(ec.SECP256R1()),
            "RS256": rsa.generate_private_key(65537, 2048),
        }
        self.kids = {"ES256": "e1", "RS256": "r1"}
        self.change_claims: dict[str, Any] = {}  # laid over the ID token's claims; None removes one
        self.encode = self.sign  # how an ID token is made
        self.change_answer: dict[str, str | None] = {}  # laid over the authorization response
        self.change_userinfo: dict[str, Any] = {}
        self.requests: list[dict[str, str]] = []  # authorization requests
        self.logouts: list[dict[str, str]] = []
        self.token_requests: list[dict[str, str]] = []
        self.jwks_reads = 0
        self.codes: dict[str, dict[str, str]] = {}
        self.access: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []  # accepted, in order of arrival
        self.batches: list[int] = []
        self.refuse: dict[str, dict[str, Any]] = {}  # subject -> problem
        self.answers: list[tuple[int, dict[str, str]]] = []  # answers to give before working again
        self.served = Served(self.build(), free_port())
        self.issuer = self.served.url

    # -- tokens ---------------------------------------------------------------------------------------------------

    def sign(self, claims: dict[str, Any], typ: str = "JWT") -> str:
        headers = {"kid": self.kids[self.algorithm], "typ": typ}
        return jwt.encode(claims, self.keys[self.algorithm], algorithm=self.algorithm, headers=headers)

    def id_token(self, nonce: str, client_id: str, access_token: str) -> str:
        now = int(time.time())
        digest = hashlib.sha256(access_token.encode()).digest()
        claims = {
            "iss": self.issuer,
            "sub": self.user["sub"],
            "aud": client_id,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": nonce,
            "sid": self.sid,
            "at_hash": b64(digest[:16]),
            **self.change_claims,
        }
        return self.encode({name: value for name, value in claims.items() if value is not None})

    def logout_token(self, client_id: str, **change: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": client_id,
            "iat": now,
            "exp": now + 120,
            "jti": f"jti-{time.time_ns()}",
            "sid": self.sid,
            "sub": self.user["sub"],
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            **change,
        }
        typ = claims.pop("typ", "logout+jwt")
        return self.sign({name: value for name, value in claims.items() if value is not None}, typ)

    def jwks(self) -> dict[str, Any]:
        ecj = ECAlgorithm.to_jwk(self.keys["ES256"].public_key(), as_dict=True)
        rsj = RSAAlgorithm.to_jwk(self.keys["RS256"].public_key(), as_dict=True)
        return {
            "keys": [
                {**ecj, "kid": self.kids["ES256"], "alg": "ES256", "use": "sig"},
                {**rsj, "kid": self.kids["RS256"], "alg": "RS256", "use": "sig"},
            ]
        }

    # -- endpoints ------------------------------------------------------------------------------------------------

    def build(self) -> Flask:
        app = Flask("tiny_provider")
        app.get("/.well-known/openid-configuration")(self.discovery)
        app.get("/keys")(self.keys_page)
        app.get("/a")(self.authorize)
        app.post("/t")(self.token)
        app.get("/u")(self.userinfo)
        app.get("/out")(self.logout)
        app.post("/api/v1/events")(self.take_events)
        return app

    def discovery(self) -> Response:
        names = {"authorization": "a", "token": "t", "userinfo": "u", "end_session": "out"}
        return jsonify(
            issuer=self.issuer,
            jwks_uri=self.issuer + "/keys",
            authorization_response_iss_parameter_supported=True,
            **{f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in names.items()},
        )

    def keys_page(self) -> Response:
        self.jwks_reads += 1
        return jsonify(self.jwks())

    def authorize(self) -> Any:
        asked = request.args.to_dict()
        self.requests.append(asked)
        code = f"code-{len(self.requests)}-{time.time_ns()}"
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer, **self.change_answer}
        query = urlencode({name: value for name, value in answer.items() if value is not None})
        return redirect(f"{asked['redirect_uri']}?{query}", 303)

    def token(self) -> Any:
        form = request.form.to_dict()
        self.token_requests.append({**form, "authorization": request.headers.get("Authorization", "")})
        if form["grant_type"] == "client_credentials":
            return jsonify(access_token=f"app-{len(self.token_requests)}", token_type="Bearer", expires_in=300)
        asked = self.codes.pop(form["code"], None)
        challenge = b64(hashlib.sha256(form["code_verifier"].encode()).digest())
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return jsonify(error="invalid_grant"), 400
        access = f"at-{time.time_ns()}"
        id_token = self.id_token(asked["nonce"], asked["client_id"], access)
        return jsonify(access_token=access, token_type="Bearer", expires_in=300, id_token=id_token)

    def userinfo(self) -> Response:
        return jsonify({**self.user, **self.change_userinfo})

    def logout(self) -> Any:
        asked = request.args.to_dict()
        self.logouts.append(asked)
        return redirect(f"{asked['post_logout_redirect_uri']}?state={asked['state']}", 303)

    def take_events(self) -> Any:
        if self.answers:
            status, headers = self.answers.pop(0)
            return jsonify(title="later", status=status), status, headers
        if not request.headers.get("Authorization", "").startswith("Bearer app-"):
            return jsonify(title="no token"), 401
        batch = request.mimetype == "application/cloudevents-batch+json"
        events = request.get_json(force=True)
        events = events if batch else [events]
        self.batches.append(len(events))
        lines = [self.take_event(event) for event in events]
        if not batch and "problem" in lines[0]:
            return (
                jsonify(lines[0]["problem"]),
                lines[0]["problem"]["status"],
                {"Content-Type": "application/problem+json"},
            )
        return jsonify(results=lines), 202

    def take_event(self, event: dict[str, Any]) -> dict[str, Any]:
        line = {"id": event["id"], "source": event["source"]}
        if event["subject"] in self.refuse:
            return {**line, "status": "rejected", "problem": self.refuse[event["subject"]]}
        if any(known["id"] == event["id"] for known in self.events):
            return {**line, "status": "duplicate"}
        self.events.append(event)
        return {**line, "status": "accepted"}

    def of(self, subject: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["subject"] == subject]


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(url.partition("?")[2]))
