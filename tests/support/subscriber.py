"""An app that subscribes to security events, as a department would write it: own HTTP, PyJWT, no code of the provider."""

from __future__ import annotations

from typing import Any

import jwt
from flask import Flask, Response, request
from werkzeug.test import TestResponse

from tests.support.server import free_port
from tests.support.serving import Served

from .apps import App
from .town import Town

PUSH, POLL = "urn:ietf:rfc:8935", "urn:ietf:rfc:8936"
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
REVOKED, CREDENTIAL = f"{CAEP}session-revoked", f"{CAEP}credential-change"
VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"


class Subscriber:
    """An app with its tokens; `stream` is its configuration after `subscribe`."""

    def __init__(self, town: Town, scope: str = "openid profile ssf.manage ssf.read", **metadata: Any) -> None:
        grants = ["authorization_code", "refresh_token", "client_credentials"]
        options = metadata.pop("options", None)
        self.town = town
        self.app: App = town.register(options, **{"grant_types": grants, "scope": scope} | metadata)
        self.stream: dict[str, Any] = {}
        self._tokens: dict[str, str] = {}

    def token(self, scope: str = "ssf.manage") -> str:
        if scope not in self._tokens:
            answer = self.app.post("/token", {"grant_type": "client_credentials", "scope": scope})
            self._tokens[scope] = answer.json["access_token"]  # type: ignore[index]
        return self._tokens[scope]

    def anew(self) -> Subscriber:
        """The same app with new access tokens, after a journey in time."""
        self._tokens.clear()
        return self

    def call(self, method: str, path: str, body: Any = None, token: str | None = None, **more: Any) -> TestResponse:
        """A request with a token for managing, or with `token`."""
        headers = {"Authorization": f"Bearer {token or self.token()}"}
        if body is not None:
            more["json"] = body
        return self.town.app.test_client().open(path, method=method, headers=headers, **more)

    def create(self, **body: Any) -> TestResponse:
        return self.call("POST", "/ssf/streams", {"events_requested": [REVOKED, CREDENTIAL]} | body)

    def subscribe(self, push: str | None = None, header: str | None = None, **body: Any) -> dict[str, Any]:
        """A stream by push to an address, or by poll."""
        delivery = {"method": POLL} if push is None else {"method": PUSH, "endpoint_url": push}
        if header is not None:
            delivery["authorization_header"] = header
        answer = self.create(delivery=delivery, **body)
        assert answer.status_code == 201, answer.text
        self.stream = answer.json  # type: ignore[assignment]
        return self.stream

    def named(self, **members: Any) -> dict[str, Any]:
        """A body about this app's stream."""
        return {"stream_id": self.stream["stream_id"]} | members

    def status(self, status: str) -> None:
        answer = self.call("POST", "/ssf/status", self.named(status=status))
        assert (answer.status_code, answer.json["status"]) == (200, status), answer.text  # type: ignore[index]

    def verify(self, state: str | None = None) -> None:
        body = self.named() if state is None else self.named(state=state)
        assert self.call("POST", "/ssf/verify", body).status_code == 204

    def poll(self, **body: Any) -> dict[str, Any]:
        """One poll that does not wait."""
        path = self.stream["delivery"]["endpoint_url"].removeprefix(self.town.issuer)
        answer = self.call("POST", path, {"returnImmediately": True} | body, token=self.token("ssf.read"))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json  # type: ignore[assignment]
        return found

    def fetch(self) -> list[dict[str, Any]]:
        """The claims of all events that wait, taken."""
        sets = self.poll()["sets"]
        self.poll(ack=list(sets), maxEvents=0)
        return [self.claims(token) for token in sets.values()]

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a SET, checked as a receiver must (RFC 8417 §2, SSF §4.1)."""
        header = jwt.get_unverified_header(token)
        alg = self.app.metadata["id_token_signed_response_alg"]
        assert (header["typ"], header["alg"]) == ("secevent+jwt", alg)
        keys = jwt.PyJWKSet.from_dict(self.town.app.test_client().get("/jwks").json)  # type: ignore[arg-type]
        claims: dict[str, Any] = jwt.decode(
            token, keys[header["kid"]].key, algorithms=[alg], audience=self.app.client_id, issuer=self.town.issuer,
            options={"verify_iat": False, "require": ["iss", "aud", "iat", "jti"]},
        )  # fmt: skip
        assert set(claims) == {"iss", "aud", "iat", "jti", "txn", "sub_id", "events"}  # neither sub nor exp
        assert len(claims["events"]) == 1
        return claims

    def sub(self, browser: Any) -> dict[str, str]:
        """Sign on in this browser; the resident's ID token here, as `sub` and `sid`."""
        claims = self.app.id_token(browser.tokens(self.app)["id_token"])
        return {"sub": claims["sub"], "sid": claims["sid"]}


class EventServer:
    """An app's endpoint for pushes. `status` and `body` are its answer; `got` what came, `headers` with it."""

    def __init__(self) -> None:
        self.status, self.body, self.location = 202, "", ""
        self.got: list[str] = []
        self.headers: list[dict[str, str]] = []
        app = Flask("event_server")
        app.add_url_rule("/events", view_func=self._hear, methods=["POST"])
        self.served = Served(app, free_port())
        self.uri = f"{self.served.url}/events"

    def _hear(self) -> Response:
        self.got.append(request.get_data(as_text=True))
        self.headers.append(dict(request.headers))
        headers = {"Location": self.location} if self.location else None
        return Response(self.body, self.status, headers=headers, content_type="application/json")
