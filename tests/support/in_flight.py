"""One app with everything in hand that it can have of one resident, and each way to use it to the end."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from idp.foundation import clock
from idp.foundation.clock import epoch_ms
from idp.logins.levels import Factor
from idp.oidc.policy.policy import set_policy
from idp.oidc.registration.register_client import CityOptions

from .browser import Browser
from .ciba import CIBA
from .ciba import answer as answer_ciba
from .html import hidden_fields
from .town import Town

_URN = "urn:ietf:params:oauth:grant-type:"
DEVICE, EXCHANGE, ASSERT = (_URN + name for name in ("device_code", "token-exchange", "jwt-bearer"))
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
API = "https://tax.example/api"
SCOPES = "openid profile offline_access case:write grant_management_query grant_management_revoke ssf.read"
PASSKEY = "01JPASSKEY0000000000000000"
LONG = "n" * 1500


class InFlight:
    """`town` has hybrid flows. `browser` is signed in with the passkey `PASSKEY`."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.resident = town.resident()
        self.browser: Browser = town.browser()
        self.browser.sign_in(self.resident, Factor("passkey", epoch_ms(), credential_id=PASSKEY))
        self.app = town.register(
            CityOptions(event_source="urn:example:app"),
            grant_types=["authorization_code", "implicit", "refresh_token", "client_credentials", DEVICE, CIBA, EXCHANGE, ASSERT],
            response_types=["code", "code token"],
            backchannel_token_delivery_mode="poll",
            backchannel_logout_uri="https://93.184.216.34/bye",
            jwks={"keys": [json.loads(ECAlgorithm.to_jwk(self.key.public_key()))]},
            scope=SCOPES,
        )  # fmt: skip
        self.office = town.register(grant_types=[EXCHANGE])
        texts = {"tax:read": {"ja": "税の情報を見る", "en": "See your tax records"}}
        with town.app.app_context(), town.writing() as session:
            set_policy(session, self.office.client_id, {"resource_indicators": {API: texts}}, "test")
            allowed = {"may_exchange": {API: ["tax:read"]}, "assertions": {"resident": ["openid"]}}
            set_policy(session, self.app.client_id, allowed, "test")
        self._take()

    def _take(self) -> None:
        app, browser = self.app, self.browser
        self.tokens = browser.tokens(app)
        self.offline = browser.tokens(app, scope="openid offline_access")
        self.managed = browser.tokens(app, grant_management_action="create")
        self.exchanged = self._exchange(self.tokens["access_token"]).json["access_token"]
        self.sub = app.userinfo(self.tokens["access_token"]).json["sub"]
        self.own = app.post("/token", {"grant_type": "client_credentials", "scope": SCOPES.split(" ", 3)[3]}).json
        self.spent = browser.tokens(app)["refresh_token"]
        assert app.refresh(self.spent).status_code == 200
        self.front = browser.sign_on(app, response_type="code token")["access_token"]
        self.device = app.post("/device_authorization", {"scope": "openid"}).json
        page = browser.post("/device", {"user_code": self.device["user_code"]}).text
        form = {"user_code": hidden_fields(page)["user_code"], "decision": "allow"}
        assert browser.post("/device/decide", form).status_code < 400
        self.ciba = app.post("/backchannel_authentication", {"scope": "openid", "login_hint": self.sub}).json
        answer_ciba(browser)
        self.pushed = app.post("/par", dict(app.request())).json["request_uri"]
        self.merge = browser.code(app, grant_management_action="merge", grant_id=self.managed["grant_id"])
        self.offline_code = browser.code(app, scope="openid offline_access")
        self.long_code = browser.code(app, nonce=LONG)
        self.code = browser.code(app)

    def uses(self) -> dict[str, Callable[[], bool]]:
        """Each thing in hand: whether using it now leads to something that works."""
        app, tokens, offline = self.app, self.tokens, self.offline
        return {
            "code": lambda: self._works(app.redeem(self.code)),
            "code, in a row": lambda: self._works(app.redeem(self.long_code)),
            "code, offline": lambda: self._works(app.redeem(self.offline_code)),
            "code that merges": lambda: self._works(app.redeem(self.merge)),
            "device code": lambda: self._later({"grant_type": DEVICE, "device_code": self.device["device_code"]}),
            "ciba": lambda: self._later({"grant_type": CIBA, "auth_req_id": self.ciba["auth_req_id"]}),
            "pushed request": self._use_pushed,
            "assertion": lambda: self._works(self._assert()),
            "introspection": lambda: app.introspect(tokens["access_token"])["active"],
            "introspection, offline": lambda: app.introspect(offline["access_token"])["active"],
            "introspection, refresh token": lambda: app.introspect(tokens["refresh_token"])["active"],
            "introspection, own token": lambda: app.introspect(self.own["access_token"])["active"],
            "at another's API": lambda: self.office.introspect(self.exchanged)["active"],
            "exchange": lambda: self._exchanges(tokens["access_token"]),
            "userinfo": lambda: app.userinfo(tokens["access_token"]).status_code == 200,
            "userinfo, offline": lambda: app.userinfo(offline["access_token"]).status_code == 200,
            "userinfo, from the front channel": lambda: app.userinfo(self.front).status_code == 200,
            "refresh": lambda: self._works(app.refresh(tokens["refresh_token"])),
            "refresh, a lost answer": lambda: self._works(app.refresh(self.spent)),
            "refresh, offline": lambda: self._works(app.refresh(offline["refresh_token"])),
            "own token, grants": lambda: self._call("get", f"/grants/{self.managed['grant_id']}x") == 404,
            "own token, events": lambda: self._call("post", "/api/v1/events") not in (401, 403),
            "own token, SSF": lambda: self._call("get", "/ssf/streams") == 200,
        }

    def alive(self) -> set[str]:
        return {name for name, use in self.uses().items() if use()}

    def _works(self, answer: Any) -> bool:
        """Tokens came, and what came opens userinfo."""
        if answer.status_code != 200:
            return False
        return self.app.userinfo(answer.json["access_token"]).status_code == 200

    def _later(self, form: dict[str, str | None]) -> bool:
        with clock.travelled(timedelta(seconds=6)):
            return self._works(self.app.post("/token", form))

    def _use_pushed(self) -> bool:
        query = {"client_id": self.app.client_id, "request_uri": self.pushed}
        answer = self.browser.get("/authorize", query_string=query)
        found = dict(p.split("=", 1) for p in (answer.location or "").partition("?")[2].split("&") if "=" in p)
        return "code" in found and self._works(self.app.redeem(found["code"]))

    def _assert(self) -> Any:
        now = int(time.time())
        claims = {"iss": self.app.client_id, "sub": self.sub, "aud": self.town.issuer, "iat": now, "exp": now + 60,
                  "jti": str(uuid.uuid4())}  # fmt: skip
        return self.app.post(
            "/token", {"grant_type": ASSERT, "assertion": jwt.encode(claims, self.key, algorithm="ES256")}
        )

    def _exchange(self, token: str) -> Any:
        form = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS, "resource": API}
        return self.app.post("/token", dict(form))

    def _exchanges(self, token: str) -> bool:
        answer = self._exchange(token)
        return answer.status_code == 200 and self.office.introspect(answer.json["access_token"])["active"]

    def _call(self, method: str, path: str) -> int:
        headers = {"Authorization": f"Bearer {self.own['access_token']}"}
        status: int = getattr(self.town.app.test_client(), method)(path, headers=headers).status_code
        return status
