"""A client of the FAPI 2.0 profiles as an independent one would be: `requests` and PyJWT only, everything from discovery."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from .rp import Person

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
VERIFIER = "fapi-verifier-" + "v" * 40


def b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


CHALLENGE = b64url(hashlib.sha256(VERIFIER.encode()).digest())


def without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


class SigningKey:
    """An EC or RSA key of the client, with what it registers."""

    def __init__(self, alg: str = "ES256", kid: str | None = "k1") -> None:
        self.alg = alg
        self.kid = kid
        ec_key = alg == "ES256"
        self.private: Any = ec.generate_private_key(ec.SECP256R1()) if ec_key else rsa.generate_private_key(65537, 2048)
        algorithm: Any = ECAlgorithm if ec_key else RSAAlgorithm
        self.public_jwk: dict[str, Any] = json.loads(algorithm.to_jwk(self.private.public_key()))
        self.private_jwk: dict[str, Any] = json.loads(algorithm.to_jwk(self.private))

    @property
    def registered(self) -> dict[str, Any]:
        return without_none({"kid": self.kid, "use": "sig", "alg": self.alg}) | {
            name: self.public_jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in self.public_jwk
        }

    def sign(self, claims: dict[str, Any], alg: str | None = None, **header: Any) -> str:
        return jwt.encode(claims, self.private, alg or self.alg, headers=without_none({"kid": self.kid} | header))


class DpopKey(SigningKey):
    """A key for DPoP proofs (RFC 9449 §4)."""

    def __init__(self, alg: str = "ES256") -> None:
        super().__init__(alg, None)

    @property
    def bare(self) -> dict[str, Any]:
        return {n: self.public_jwk[n] for n in ("crv", "e", "kty", "n", "x", "y") if n in self.public_jwk}

    @property
    def jkt(self) -> str:
        text = json.dumps(self.bare, separators=(",", ":"), sort_keys=True)
        return b64url(hashlib.sha256(text.encode()).digest())

    def proof(
        self, method: str, url: str, token: str | None = None, header: dict[str, Any] | None = None, **changes: Any
    ) -> str:
        """A proof; `changes` and `header` replace claims and header members, None takes one away."""
        claims: dict[str, Any] = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time())}
        if token is not None:
            claims["ath"] = b64url(hashlib.sha256(token.encode()).digest())
        names: dict[str, Any] = {"typ": "dpop+jwt", "jwk": self.bare} | (header or {})
        alg = names.pop("alg", self.alg)
        return jwt.encode(without_none(claims | changes), self.private, alg, headers=without_names(names))


def without_names(names: dict[str, Any]) -> dict[str, Any]:
    """Header members for PyJWT, which leaves out `typ` when it is told None or empty."""
    return {n: v for n, v in names.items() if v is not None or n == "typ"}


class FapiClient:
    """private_key_jwt, PAR and DPoP; `signed` puts each request into a request object."""

    def __init__(self, issuer: str, client_id: str, redirect_uri: str, key: SigningKey, signed: bool = False) -> None:
        self.issuer, self.client_id, self.redirect_uri, self.key, self.signed = (
            issuer,
            client_id,
            redirect_uri,
            key,
            signed,
        )
        self.dpop = DpopKey()
        self.http = requests.Session()
        self.config: dict[str, Any] = self.http.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()

    # authenticating ------------------------------------------------------------------------------------------------

    def assertion(self, key: SigningKey | None = None, alg: str | None = None, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "iat": now,
            "exp": now + 60,
            "jti": str(uuid.uuid4()),
        }
        return (key or self.key).sign(without_none(claims | changes), alg)

    def authenticated(self, form: dict[str, Any]) -> dict[str, Any]:
        credentials = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion()}
        return without_none(credentials | form)

    # asking --------------------------------------------------------------------------------------------------------

    def request(self, **changes: Any) -> dict[str, Any]:
        values = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": "st-" + uuid.uuid4().hex,
            "nonce": "n-" + uuid.uuid4().hex,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "response_mode": "jwt" if self.signed else None,
        }
        return without_none(values | changes)

    def request_object(
        self, values: dict[str, Any], key: SigningKey | None = None, alg: str | None = None, **changes: Any
    ) -> str:
        now = int(time.time())
        claims = {"iss": self.client_id, "aud": self.issuer, "iat": now, "nbf": now, "exp": now + 300}
        return (key or self.key).sign(without_none(values | claims | changes), alg, typ="oauth-authz-req+jwt")

    def push(self, form: dict[str, Any] | None = None, **headers: str) -> requests.Response:
        """POST to the PAR endpoint."""
        values = form if form is not None else self.request()
        if self.signed and "request" not in values:
            values = {"request": self.request_object(values)}
        endpoint = self.config["pushed_authorization_request_endpoint"]
        return self.http.post(endpoint, data=self.authenticated(values), headers=headers, timeout=10)

    def pushed(self, form: dict[str, Any] | None = None, **headers: str) -> str:
        answer = self.push(form, **headers)
        assert answer.status_code == 201, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert 5 <= answer.json()["expires_in"] < 600
        return str(answer.json()["request_uri"])

    def authorize(self, person: Person, request_uri: str, **more: str) -> requests.Response:
        """Send the person to the authorization endpoint with a reference."""
        query = {"client_id": self.client_id, "request_uri": request_uri} | more
        return person.go(
            str(requests.Request("GET", self.config["authorization_endpoint"], params=query).prepare().url)
        )

    def answered(self, page: requests.Response) -> dict[str, str]:
        """The authorization response, opened and checked (RFC 9207, JARM §2.4)."""
        assert page.is_redirect, page.text[:500]
        location = page.headers["Location"]
        assert location.startswith(self.redirect_uri), location
        values = dict(parse_qsl(urlsplit(location).query))
        if "response" in values:
            assert set(values) == {"response"}  # nothing stands beside the signed answer
            values = self.verify(values["response"], self.client_id)
            assert 0 < int(values.pop("exp")) - time.time() <= 600
            values.pop("aud")
        assert values["iss"] == self.issuer
        return values

    def code(self, person: Person, form: dict[str, Any] | None = None, **headers: str) -> str:
        values = form if form is not None else self.request()
        response = self.answered(self.authorize(person, self.pushed(values, **headers)))
        assert "error" not in response, response
        assert response["state"] == values["state"]
        return response["code"]

    # redeeming -----------------------------------------------------------------------------------------------------

    def token(self, form: dict[str, Any], proof: str | None = "") -> requests.Response:
        """POST to the token endpoint; `proof` None sends none, empty a right one."""
        endpoint = self.config["token_endpoint"]
        if proof == "":
            proof = self.dpop.proof("POST", endpoint)
        headers = {"DPoP": proof} if proof is not None else {}
        return self.http.post(endpoint, data=self.authenticated(form), headers=headers, timeout=10)

    def redeem(self, code: str, proof: str | None = "", **changes: Any) -> requests.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
        }
        return self.token(form | changes, proof)

    def refresh(self, token: str, proof: str | None = "") -> requests.Response:
        return self.token({"grant_type": "refresh_token", "refresh_token": token}, proof)

    def tokens(self, person: Person) -> dict[str, Any]:
        answer = self.redeem(self.code(person))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def userinfo(self, token: str, proof: str | None = "", scheme: str = "DPoP") -> requests.Response:
        endpoint = self.config["userinfo_endpoint"]
        if proof == "":
            proof = self.dpop.proof("GET", endpoint, token)
        headers = {"Authorization": f"{scheme} {token}"} | ({"DPoP": proof} if proof is not None else {})
        return self.http.get(endpoint, headers=headers, timeout=10)

    def verify(self, token: str, audience: str) -> dict[str, Any]:
        """Claims of a JWT of the provider, signed with an algorithm FAPI allows."""
        keys = jwt.PyJWKSet.from_dict(self.http.get(self.config["jwks_uri"], timeout=10).json())
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims: dict[str, Any] = jwt.decode(
            token, key.key, algorithms=["ES256", "PS256"], audience=audience, issuer=self.issuer
        )
        return claims
