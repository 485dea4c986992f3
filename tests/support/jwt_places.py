"""Every place where another party's JWT comes in, with one way to send one there and to hear what became of it."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import Any, NamedTuple

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from sqlalchemy import update

from idp.foundation import clock
from idp.foundation.settings import SettingsError
from idp.oidc.clients.model import Client
from idp.oidc.policy.policy import set_policy
from idp.oidc.registration import software_statement
from idp.oidc.registration.registration import issue_initial_access_token
from idp.residents.subjects import subject_of

from .apps import App
from .ciba import ASSERTION, CIBA
from .town import Town

BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
STATEMENT_ISSUER = "https://registry.example"
_jtis = itertools.count(1)


def public(key: Any, **more: Any) -> dict[str, Any]:
    """The public JWK of a private key, with the kid that `Place.sign` names."""
    kinds = {
        ec.EllipticCurvePrivateKey: ECAlgorithm,
        rsa.RSAPrivateKey: RSAAlgorithm,
        ed25519.Ed25519PrivateKey: OKPAlgorithm,
    }
    algorithm: Any = next(a for kind, a in kinds.items() if isinstance(key, kind))
    jwk = json.loads(algorithm.to_jwk(key.public_key()))
    jwk.pop("key_ops", None)
    return {**jwk, "kid": "k1", **more}


class Told(NamedTuple):
    """What became of a JWT. `error` and `description` only when it was refused."""

    taken: bool
    error: str = ""
    description: str = ""


class Place:
    """One place. `free`: faults that are none here, because this use has no such rule."""

    error = ""
    typ: str | None = None
    free: frozenset[str] = frozenset()

    def __init__(self, town: Town) -> None:
        self.town = town

    def claims(self) -> dict[str, Any]:
        """Right ones, never used before."""
        raise NotImplementedError

    def send(self, token: str) -> Told:
        raise NotImplementedError

    def hold(self, jwk: dict[str, Any], alg: str) -> Told | None:
        """Let this be the only key on record for the signer, as if it had always been there; or how it was refused at once.

        `alg` is what the signer registered to use with it, where that is asked for.
        """
        raise NotImplementedError

    def header(self, jwk: dict[str, Any]) -> dict[str, Any]:
        return {"kid": "k1"} | ({"typ": self.typ} if self.typ else {})

    def sign(self, private: Any, jwk: dict[str, Any], alg: str, header: dict[str, Any], **claims: Any) -> str:
        found = {name: value for name, value in (self.claims() | claims).items() if value is not None}
        typ = {"typ": f"application/{self.typ or 'JWT'}"} if header.get("typ") == "in full" else {}
        return jwt.encode(found, private, alg, headers=self.header(jwk) | header | typ)


class ClientPlace(Place):
    """The signer is a client that has a secret for everything else."""

    grants: tuple[str, ...] = ("client_credentials",)
    metadata: dict[str, Any] = {}
    registers: str | None = None

    def __init__(self, town: Town) -> None:
        super().__init__(town)
        given = {"grant_types": list(self.grants), "scope": "openid case:write", "jwks": {"keys": [public(SPARE)]}}
        self.app: App = town.register(**given | self.metadata)

    def hold(self, jwk: dict[str, Any], alg: str) -> Told | None:
        metadata = self.app.metadata | {"jwks": {"keys": [jwk]}}
        if self.registers is not None:
            metadata[self.registers] = alg
        row = update(Client).where(Client.client_id == self.app.client_id)
        self.town.change(row.values(metadata_json=orjson.dumps(metadata).decode()))
        self.town.op.clients.forget(self.app.client_id)
        return None

    def claims(self) -> dict[str, Any]:
        now = clock.epoch()
        times = {"iat": now, "nbf": now, "exp": now + 60}
        return {"iss": self.app.client_id, "aud": self.town.issuer, "jti": f"j{next(_jtis)}", **times}

    def told(self, answer: Any) -> Told:
        if answer.status_code == 200:
            return Told(True)
        return Told(False, answer.json["error"], answer.json.get("error_description", ""))


SPARE = ec.generate_private_key(ec.SECP256R1())


class ClientAssertion(ClientPlace):
    error = "invalid_client"
    metadata = {"token_endpoint_auth_method": "private_key_jwt"}

    def claims(self) -> dict[str, Any]:
        return super().claims() | {"sub": self.app.client_id}

    def send(self, token: str) -> Told:
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": token}
        return self.told(self.app.post("/token", {**form, "scope": "case:write"}, headers={}))


class AuthorizationGrant(ClientPlace):
    error = "invalid_grant"
    grants = (BEARER,)

    def __init__(self, town: Town) -> None:
        super().__init__(town)
        with town.app.app_context(), town.writing() as session:
            set_policy(session, self.app.client_id, {"assertions": {"itself": ["case:write"]}}, "test")

    def claims(self) -> dict[str, Any]:
        return super().claims() | {"sub": self.app.client_id}

    def send(self, token: str) -> Told:
        return self.told(self.app.post("/token", {"grant_type": BEARER, "assertion": token}))


class RequestObject(ClientPlace):
    error = "invalid_request_object"
    grants = ("authorization_code",)
    free = frozenset({"exp too far", "jti reused", "jti missing", "exp missing", "aud missing"})

    def claims(self) -> dict[str, Any]:
        return super().claims() | self.app.request(scope="openid")

    def send(self, token: str) -> Told:
        answer = self.app.post("/par", {"request": token})
        return Told(True) if answer.status_code == 201 else self.told(answer)


class BackchannelRequest(ClientPlace):
    error = "invalid_request"
    grants = (CIBA,)
    metadata = {"backchannel_token_delivery_mode": "poll"}

    def __init__(self, town: Town) -> None:
        super().__init__(town)
        client, resident = town.op.clients.get(self.app.client_id), town.resident("taro")
        assert client is not None
        with town.writing() as session:
            self.sub = subject_of(session, resident, client.sector)

    def ask(self, form: dict[str, str | None]) -> Told:
        self.town.parts.limits.reset()  # how often a department may ask is another test's business
        return self.told(self.app.post("/backchannel_authentication", form))


class SignedBackchannelRequest(BackchannelRequest):
    registers = "backchannel_authentication_request_signing_alg"
    metadata = BackchannelRequest.metadata | {registers: "ES256"}

    def claims(self) -> dict[str, Any]:
        return super().claims() | {"scope": "openid", "login_hint": self.sub}

    def send(self, token: str) -> Told:
        return self.ask({"request": token})


class LoginHintToken(BackchannelRequest):
    free = frozenset({"jti reused", "jti missing"})

    def claims(self) -> dict[str, Any]:
        return super().claims() | {"sub_id": {"format": "iss_sub", "iss": self.town.issuer, "sub": self.sub}}

    def send(self, token: str) -> Told:
        return self.ask({"login_hint_token": token, "scope": "openid"})


class SoftwareStatement(Place):
    error = "invalid_software_statement"
    free = frozenset({"exp too far", "jti reused", "jti missing", "exp missing", "aud missing"})

    def hold(self, jwk: dict[str, Any], alg: str) -> Told | None:
        path = self.town.settings.software_statement_issuers
        assert path is not None
        path.write_text(json.dumps({STATEMENT_ISSUER: {"keys": [jwk]}}))
        software_statement._issuers.cache_clear()
        try:
            software_statement.load_issuers(path)
        except SettingsError as error:  # such a file ends the start
            return Told(False, self.error, str(error))
        return None

    def claims(self) -> dict[str, Any]:
        now = clock.epoch()
        return {"iss": STATEMENT_ISSUER, "aud": self.town.issuer, "iat": now, "exp": now + 60, "jti": f"j{next(_jtis)}"}

    def send(self, token: str) -> Told:
        with self.town.writing() as session:
            access = issue_initial_access_token(session, "test", 1, timedelta(days=1))
        metadata = {"redirect_uris": ["https://stated.example/cb"], "software_statement": token}
        headers = {"Authorization": f"Bearer {access}"}
        answer = self.town.app.test_client().post("/register", json=metadata, headers=headers)
        if answer.status_code == 201:
            return Told(True)
        return Told(False, answer.json["error"], answer.json["error_description"])


class DpopProof(Place):
    """The key is in the header, and the audience is method and address."""

    error = "invalid_dpop_proof"
    typ = "dpop+jwt"
    free = frozenset({"exp too far", "exp missing", "aud missing", "aud wrong", "aud empty", "iss wrong"})

    def __init__(self, town: Town) -> None:
        super().__init__(town)
        self.app = town.register()

    def hold(self, jwk: dict[str, Any], alg: str) -> Told | None:
        return None

    def header(self, jwk: dict[str, Any]) -> dict[str, Any]:
        return {"typ": self.typ, "jwk": jwk}

    def claims(self) -> dict[str, Any]:
        return {"htm": "POST", "htu": f"{self.town.issuer}/token", "iat": clock.epoch(), "jti": f"j{next(_jtis)}"}

    def send(self, token: str) -> Told:
        form: dict[str, str | None] = {"grant_type": "authorization_code", "code": "x"}
        answer = self.app.post("/token", form, headers={"DPoP": token}, auth=(self.app.client_id, str(self.app.secret)))
        error = answer.json["error"]
        # The code is none: whoever hears of it has passed the proof.
        return Told(True) if error == "invalid_grant" else Told(False, error, answer.json["error_description"])


PLACES: tuple[type[Place], ...] = (
    ClientAssertion,
    AuthorizationGrant,
    RequestObject,
    SignedBackchannelRequest,
    LoginHintToken,
    SoftwareStatement,
    DpopProof,
)
