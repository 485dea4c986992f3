"""An independent relying party: `requests` and PyJWT only, over HTTP, everything from discovery."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import jwt
import requests

from .html import goes_on_to, hidden_fields


class RelyingParty:
    """An app that registers itself, sends a person to sign in, and checks what it gets as OIDC Core §3.1.3.7 says."""

    def __init__(self, issuer: str, initial_access_token: str, redirect_uri: str, **metadata: Any) -> None:
        self.http = requests.Session()
        found = self.http.get(f"{issuer}/.well-known/openid-configuration", timeout=10)
        found.raise_for_status()
        self.config: dict[str, Any] = found.json()
        assert self.config["issuer"] == issuer
        given = {
            "client_name": "Relying party",
            "redirect_uris": [redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "id_token_signed_response_alg": "ES256",
        } | metadata
        bearer = {"Authorization": f"Bearer {initial_access_token}"}
        answer = self.http.post(self.config["registration_endpoint"], json=given, headers=bearer, timeout=10)
        assert answer.status_code == 201, answer.text
        self.client: dict[str, Any] = answer.json()
        self.redirect_uri = redirect_uri

    @property
    def auth(self) -> tuple[str, str]:
        return self.client["client_id"], self.client["client_secret"]

    def start(self, **changes: str) -> tuple[str, dict[str, str]]:
        """The address to send the browser to, and what to remember for `finish`."""
        kept = {name: secrets.token_urlsafe(24) for name in ("state", "nonce")} | {
            "verifier": secrets.token_urlsafe(48)
        }
        challenge = base64.urlsafe_b64encode(hashlib.sha256(kept["verifier"].encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self.client["client_id"],
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": kept["state"],
            "nonce": kept["nonce"],
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        } | changes
        url = requests.Request("GET", self.config["authorization_endpoint"], params=query).prepare().url
        return str(url), kept

    def finish(self, location: str, kept: dict[str, str]) -> dict[str, Any]:
        """Take the authorization response; returns the token response with the ID token's `claims`."""
        assert location.startswith(self.redirect_uri)
        response = dict(parse_qsl(urlsplit(location).query))
        assert "error" not in response, response
        assert (response["state"], response["iss"]) == (kept["state"], self.config["issuer"])
        form = {
            "grant_type": "authorization_code",
            "code": response["code"],
            "redirect_uri": self.redirect_uri,
            "code_verifier": kept["verifier"],
        }
        answer = self.http.post(self.config["token_endpoint"], data=form, auth=self.auth, timeout=10)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        body["claims"] = self.check(body["id_token"])
        assert body["claims"]["nonce"] == kept["nonce"]
        assert body["claims"]["at_hash"] == half_hash(body["access_token"])
        return body

    def check(self, token: str) -> dict[str, Any]:
        """The claims of an ID or logout token, verified by the published keys."""
        keys = jwt.PyJWKSet.from_dict(self.http.get(self.config["jwks_uri"], timeout=10).json())
        header = jwt.get_unverified_header(token)
        alg = self.client["id_token_signed_response_alg"]
        claims: dict[str, Any] = jwt.decode(
            token,
            keys[header["kid"]].key,
            algorithms=[alg],
            audience=self.client["client_id"],
            issuer=self.config["issuer"],
        )
        return claims

    def refresh(self, token: str) -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self.http.post(self.config["token_endpoint"], data=form, auth=self.auth, timeout=10)

    def userinfo(self, token: str) -> requests.Response:
        return self.http.get(self.config["userinfo_endpoint"], headers={"Authorization": f"Bearer {token}"}, timeout=10)

    def call(self, endpoint: str, **form: str) -> requests.Response:
        """POST to an endpoint of the discovery document as this client."""
        return self.http.post(self.config[endpoint], data=form, auth=self.auth, timeout=10)


def half_hash(value: str) -> str:
    """`at_hash` for ES256 and RS256 (OIDC Core §3.1.3.6)."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).decode().rstrip("=")


class Person:
    """Somebody at a browser over HTTP: follows our redirects by hand, fills in our forms, and stops at the app's door."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.http = requests.Session()
        self.http.headers["Accept"] = "text/html"

    def go(self, url: str) -> requests.Response:
        """Follow redirects as long as they stay with the provider."""
        answer = self.http.get(url, allow_redirects=False, timeout=10)
        return self._follow(answer)

    def submit(self, page: requests.Response, path: str, **fields: str) -> requests.Response:
        """Send a form of `page`: its hidden fields and what the person enters."""
        form = {"csrf_token": hidden_fields(page.text)["csrf_token"]} | fields
        return self._follow(self.http.post(urljoin(page.url, path), data=form, allow_redirects=False, timeout=10))

    def _follow(self, answer: requests.Response) -> requests.Response:
        for _ in range(10):
            onward = answer.headers.get("Location") or goes_on_to(answer.text)
            if not onward:
                return answer
            target = urljoin(answer.url, onward)
            answer.headers["Location"], answer.status_code = target, 302
            if not target.startswith(self.issuer + "/"):
                return answer
            answer = self.http.get(target, allow_redirects=False, timeout=10)
        raise AssertionError("too many redirects")
