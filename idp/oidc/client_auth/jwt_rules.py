"""All uses of JWTs that other parties sign, each with its rule book; `jose.verify` holds a JWT to it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.exc import IntegrityError

from ...foundation.database import Database, from_ms
from ...foundation.settings import Settings
from ...foundation.vault import digest
from ..clients import RegisteredClient
from ..jose import Rules
from ..policy import FAPI_ALGORITHMS
from ..server import addresses
from .model import UsedAssertion, UsedProof

_PUBLIC = ("ES256", "PS256", "RS256", "EdDSA")
ASSERTION_ALGORITHMS = (*_PUBLIC, "HS256")
REQUEST_ALGORITHMS = _PUBLIC
# FAPI-CIBA §5.2.2, §7.10: no RS256, at most an hour.
CIBA_ALGORITHMS = ("ES256", "PS256", "EdDSA")
# Without RS256 (FAPI 2.0 §5.4), and never one of a shared secret.
DPOP_ALGORITHMS = ("ES256", "PS256", "EdDSA")
DPOP_PAST, DPOP_AHEAD = 300, 30
"""How old a proof may be, and how far a client's clock may run ahead, in seconds."""
ASSERTION_SECONDS, HOUR = 600, 3600


def client_assertion(settings: Settings, database: Database, client: RegisteredClient, path: str) -> Rules:
    """RFC 7523 §2.2, §3, CIBA §7.1: for us, by issuer, by token endpoint or by the endpoint called (`path`).

    FAPI 2.0 §5.3.2.1: by the issuer as one text, and no other way.
    """
    fapi = client.fapi_profile is not None
    secret = client.auth_method == "client_secret_jwt"
    places = addresses(settings, "/token") | addresses(settings, path)
    return Rules(
        "client assertion",
        ("HS256",) if secret else _allowed(client, _PUBLIC, client.metadata.get("token_endpoint_auth_signing_alg")),
        types=("jwt", "client-authentication+jwt"),
        required=("iss", "sub", "aud", "exp", "jti"),
        issuer=client.client_id,
        subject=client.client_id,
        audiences=frozenset({settings.issuer}) | (frozenset() if fapi else places),
        sole_audience=fapi,
        lifetime=ASSERTION_SECONDS,
        once=_assertions(database),
    )


def authorization_grant(settings: Settings, database: Database, client: RegisteredClient) -> Rules:
    """RFC 7523 §2.1, §3: an assertion that is itself the grant."""
    return Rules(
        "assertion",
        _allowed(client, _PUBLIC),
        required=("iss", "sub", "aud", "exp", "jti"),
        issuer=client.client_id,
        audiences=addresses(settings, "") | addresses(settings, "/token"),
        lifetime=ASSERTION_SECONDS,
        once=_assertions(database),
    )


def request_object(settings: Settings, client: RegisteredClient) -> Rules:
    """RFC 9101 §4, §5; FAPI 2.0 Message Signing §5.3.1: no longer than an hour, begun no more than an hour ago."""
    fapi = client.fapi_profile is not None
    return Rules(
        "request object",
        _allowed(client, REQUEST_ALGORITHMS, client.metadata.get("request_object_signing_alg")),
        types=("jwt", "oauth-authz-req+jwt"),
        required=("aud", "exp", "nbf") if fapi else (),
        issuer=client.client_id,
        audiences=frozenset({settings.issuer}),
        lifetime=HOUR if fapi else None,
        max_age=HOUR if fapi else None,
    )


def backchannel_request(settings: Settings, database: Database, client: RegisteredClient) -> Rules:
    """CIBA §7.1.1."""
    return Rules(
        "request",
        _allowed(client, CIBA_ALGORITHMS, client.metadata.get("backchannel_authentication_request_signing_alg")),
        required=("iss", "aud", "exp", "iat", "nbf", "jti"),
        issuer=client.client_id,
        audiences=_backchannel(settings),
        lifetime=HOUR,
        once=_assertions(database),
    )


def login_hint_token(settings: Settings, client: RegisteredClient) -> Rules:
    """CIBA §7.1, in the form that is ours."""
    return Rules(
        "login_hint_token",
        _allowed(client, _PUBLIC),
        required=("iss", "aud", "exp"),
        issuer=client.client_id,
        audiences=_backchannel(settings),
        lifetime=HOUR,
    )


def software_statement(settings: Settings, issuer: str) -> Rules:
    """RFC 7591 §2.3: made for this provider or for all."""
    return Rules("statement", _PUBLIC, required=("iss",), issuer=issuer, audiences=frozenset({settings.issuer}))


def dpop_proof(database: Database) -> Rules:
    """RFC 9449 §4.2, §4.3, §11.1."""
    return Rules(
        "DPoP proof",
        DPOP_ALGORITHMS,
        types=("dpop+jwt",),
        type_required=True,
        required=("iat",),
        max_age=DPOP_PAST,
        leeway=DPOP_AHEAD,
        once=_once(database, UsedProof, ""),
    )


def _allowed(client: RegisteredClient, offered: tuple[str, ...], registered: str | None = None) -> tuple[str, ...]:
    """The one algorithm registered for this use, or all of them (OIDC Registration §2); for FAPI clients those of FAPI 2.0 §5.4."""
    allowed = [a for a in offered if client.fapi_profile is None or a in FAPI_ALGORITHMS]
    return tuple(a for a in allowed if registered in (None, a))


def _backchannel(settings: Settings) -> frozenset[str]:
    return frozenset().union(*(addresses(settings, path) for path in ("", "/token", "/backchannel_authentication")))


def _assertions(database: Database) -> Callable[[str, int], bool]:
    """A `jti` is good once, whatever the JWT is used for (RFC 7519 §4.1.7): what was a grant proves no client afterwards."""
    return _once(database, UsedAssertion, "client ")


def _once(database: Database, table: type[UsedAssertion] | type[UsedProof], use: str) -> Callable[[str, int], bool]:
    """Remembered in the database: a restart forgets nothing (Hydra CVE-2020-5300), and all processes know it."""

    def remember(name: str, until: int) -> bool:
        try:
            with database.write() as session:
                session.add(table(key=digest(use + name), expires_at=from_ms(until * 1000)))
        except IntegrityError:
            return False
        return True

    return remember
