"""A client of the core OpenID plans: `requests` and joserfc only, everything from discovery. Each sign-on runs the silent checks."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from joserfc import jwe, jws, jwt
from joserfc.jwk import JWKRegistry, OctKey

from . import silent_checks
from .core_plans import CODE, Variant
from .html import form_actions, hidden_fields
from .rp import Person
from .signing_in import Resident
from .waiting import until

TIMEOUT = 10
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ENCRYPTIONS = ["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW", "A128CBC-HS256", "A128GCM", "A256GCM"]
# One for all clients: the server takes only so many connections at once, idle ones included.
HTTP = requests.Session()


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@dataclass
class Flow:
    """One sign-on: what was sent, what came back by the browser, the token response, and the claims of each."""

    sent: dict[str, str]
    front: dict[str, str]
    tokens: dict[str, Any] | None = None
    front_claims: dict[str, Any] | None = None
    back_claims: dict[str, Any] | None = None
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def claims(self) -> dict[str, Any]:
        """Of the ID token that counts: the token endpoint's if there is one."""
        found = self.back_claims or self.front_claims
        assert found is not None
        return found

    @property
    def person_claims(self) -> dict[str, Any]:
        """Where the scopes' claims are to be found: userinfo, or the ID token where there is no access token (Core §5.4)."""
        return self.info or self.claims

    @property
    def access_token(self) -> str:
        return str((self.tokens or self.front)["access_token"])

    @property
    def id_token(self) -> str:
        return str((self.tokens or self.front)["id_token"])


class Client:
    """`registered`: the registration response, `client_id` and `client_secret` included."""

    def __init__(self, issuer: str, registered: dict[str, Any], variant: Variant = CODE, private: Any = None) -> None:
        self.issuer, self.registered, self.variant, self.private = issuer, registered, variant, private
        self.http = HTTP
        self._jwks: dict[str, Any] = {}
        self._protection_seen = False
        self.config: dict[str, Any] = self.http.get(
            f"{issuer}/.well-known/openid-configuration", timeout=TIMEOUT
        ).json()
        self.client_id: str = registered["client_id"]
        self.secret: str | None = registered.get("client_secret")
        self.redirect_uri: str = registered["redirect_uris"][0]

    # asking --------------------------------------------------------------------------------------------------------

    def request(self, **changes: str | None) -> dict[str, str]:
        """Parameters of an authorization request; None takes one away."""
        values: dict[str, str | None] = {
            "response_type": self.variant.response_type,
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid",
            "state": secrets.token_urlsafe(12),
            "nonce": secrets.token_urlsafe(12),
            "response_mode": "form_post" if self.variant.form_post else None,
        } | changes
        return {name: value for name, value in values.items() if value is not None}

    def url(self, sent: dict[str, str]) -> str:
        return str(requests.Request("GET", self.config["authorization_endpoint"], params=sent).prepare().url)

    def ask(self, person: Person, **changes: str | None) -> requests.Response:
        """Send the person to the authorization endpoint and let them do what is asked."""
        url = self.url(self.request(**changes))
        return person.visit(url) if isinstance(person, Resident) else person.go(url)

    def answered(self, page: requests.Response, form_post: bool | None = None) -> dict[str, str]:
        """The authorization response, in the place where this variant has it, and nowhere else."""
        if self.variant.form_post if form_post is None else form_post:
            assert page.status_code == 200, f"{page.status_code} {page.headers.get('Location')}"
            assert form_actions(page.text).count(self.redirect_uri) == 1  # method and encoding: silent_checks
            silent_checks.check_form(page.text, self.redirect_uri)
            return {n: v for n, v in hidden_fields(page.text).items() if n not in ("csrf_token", "next")}
        assert page.status_code in (302, 303), f"{page.status_code} {page.text[:400]}"
        location = page.headers["Location"]
        assert location.startswith(self.redirect_uri), location
        parts, registered = urlsplit(location), urlsplit(self.redirect_uri)
        added = parts.query.removeprefix(registered.query).removeprefix("&")
        if self.variant.words == {"code"}:
            assert parts.fragment == ""
            return dict(parse_qsl(added, strict_parsing=True))
        assert added == ""  # no code and no error in the query
        return dict(parse_qsl(parts.fragment, strict_parsing=True))

    def refused(self, person: Person, **changes: str | None) -> dict[str, str]:
        """The error response of a request."""
        sent = self.request(**changes)
        response = self.answered(person.go(self.url(sent)))
        silent_checks.check_error(response, sent, self.issuer)
        return response

    def sign_on(self, person: Resident, **changes: str | None) -> Flow:
        """A whole happy flow with all silent checks."""
        sent = self.request(**changes)
        return self.finish(person.visit(self.url(sent)), sent)

    def finish(self, page: requests.Response, sent: dict[str, str], **token_request: str) -> Flow:
        front = self.answered(page)
        assert "error" not in front, front
        flow = Flow(sent, front)
        if "id_token" in front:
            flow.front_claims = self.open(front["id_token"])
        if "code" in front:
            answer = self.redeem(front["code"], **token_request)
            flow.tokens = silent_checks.check_token_response(answer)
            flow.back_claims = self.open(flow.tokens["id_token"])
        if flow.tokens is not None or "access_token" in front:
            answer = self.userinfo(flow.access_token)
            flow.info = self.opened_info(answer)
        silent_checks.check_flow(self, flow)
        if flow.info and not self._protection_seen:
            silent_checks.check_protected(self)
            self._protection_seen = True
        return flow

    # redeeming -----------------------------------------------------------------------------------------------------

    def post(self, endpoint: str, form: dict[str, str], **more: Any) -> requests.Response:
        """As this client, by the method it registered (assertions: given in the form)."""
        method = self.registered.get("token_endpoint_auth_method", "client_secret_basic")
        if method == "client_secret_basic" and self.secret is not None:
            more.setdefault("auth", (self.client_id, self.secret))
        elif method in ("private_key_jwt", "client_secret_jwt"):
            form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion()} | form
        elif method == "client_secret_post" and self.secret is not None:
            form = {"client_id": self.client_id, "client_secret": self.secret} | form
        return self.http.post(self.config[endpoint], data=form, timeout=TIMEOUT, **more)

    def assertion(self, **changes: Any) -> str:
        """A client assertion (RFC 7523 §3) by the private key, or by the secret; `aud` is the issuer."""
        now = int(time.time())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": self.issuer, "iat": now, "exp": now + 60}
        return self.sign(claims | {"jti": secrets.token_urlsafe(12)} | changes)

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWT of the client's own."""
        if self.registered.get("token_endpoint_auth_method") == "client_secret_jwt":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(str(self.secret)))
        alg = "RS256" if self.private.key_type == "RSA" else "ES256"
        return jwt.encode({"alg": alg, "kid": self.private.kid}, claims, self.private)

    def seal(self, content: str, alg: str) -> str:
        """A JWE to the provider's key for `alg`, as its `jwks_uri` has it now."""

        def ours() -> list[dict[str, Any]]:
            keys = self.http.get(self.config["jwks_uri"], timeout=TIMEOUT).json()["keys"]
            return [k for k in keys if k.get("use") == "enc" and k.get("alg") == alg]

        jwk = until(ours)[0]  # made with this client, and within a second in what the server publishes
        header = {"alg": alg, "enc": "A128CBC-HS256", "kid": jwk["kid"], "cty": "JWT"}
        return jwe.encrypt_compact(header, content, JWKRegistry.import_key(jwk), algorithms=ENCRYPTIONS)

    def redeem(self, code: str, **changes: str) -> requests.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri} | changes
        return self.post("token_endpoint", form)

    def refresh(self, token: str, **changes: str) -> requests.Response:
        return self.post("token_endpoint", {"grant_type": "refresh_token", "refresh_token": token} | changes)

    def userinfo(self, token: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return self.http.get(self.config["userinfo_endpoint"], headers=headers, timeout=TIMEOUT)

    def opened_info(self, answer: requests.Response) -> dict[str, Any]:
        """Userinfo in the form the client registered."""
        assert answer.status_code == 200, answer.text
        protected = any(f"userinfo_{w}_response_alg" in self.registered for w in ("signed", "encrypted"))
        assert answer.headers["Content-Type"].split(";")[0] == ("application/jwt" if protected else "application/json")
        if not protected:
            body: dict[str, Any] = answer.json()
            return body
        return self.open(answer.text, "userinfo")

    def jwks(self, kid: str | None = None) -> dict[str, Any]:
        """The provider's keys, read anew when none has this `kid`, as clients do (OIDC Core §10.1.1)."""
        if kid not in {None, *(k["kid"] for k in self._jwks.get("keys", []))} or not self._jwks:
            self._jwks = self.http.get(self.config["jwks_uri"], timeout=TIMEOUT).json()
            silent_checks.check_keys(self._jwks)
        return self._jwks

    def hint(self, token: str) -> str:
        """An ID token as it can be sent back: the signed one inside, where it was encrypted (OIDC Core §3.1.2.1)."""
        if token.count(".") == 2:
            return token
        opened = jwe.decrypt_compact(token, self.private, algorithms=ENCRYPTIONS)
        return (opened.plaintext or b"").decode()

    def open(self, token: str, what: str = "id_token") -> dict[str, Any]:
        """Claims of a token for this client: decrypted as registered, signature by a published key and the registered algorithm."""
        encrypted = f"{what}_encrypted_response_alg" in self.registered
        assert token.count(".") == (4 if encrypted else 2)
        if encrypted:
            opened = jwe.decrypt_compact(token, self.private, algorithms=ENCRYPTIONS)
            assert opened.plaintext is not None
            assert opened.headers()["alg"] == self.registered[f"{what}_encrypted_response_alg"]
            assert opened.headers()["enc"] == self.registered.get(f"{what}_encrypted_response_enc", "A128CBC-HS256")
            if opened.headers().get("cty") != "JWT":
                claims: dict[str, Any] = json.loads(opened.plaintext)
                return claims
            token = opened.plaintext.decode()
        alg = self.registered.get(f"{what}_signed_response_alg", "RS256")
        header = jws.extract_compact(token.encode()).headers()
        assert header["alg"] == alg
        key: Any = OctKey.import_key(str(self.secret)) if alg == "HS256" else self._published(header["kid"])
        return dict(jwt.decode(token, key, algorithms=[alg]).claims)

    def _published(self, kid: str) -> Any:
        (found,) = [key for key in self.jwks(kid)["keys"] if key["kid"] == kid]
        return JWKRegistry.import_key(found)
