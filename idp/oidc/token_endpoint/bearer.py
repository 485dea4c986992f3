"""Access tokens at resource servers of ours (RFC 6750): userinfo, and the API that departments call."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...foundation.driver import Find, Question, find_all
from ...foundation.web.errors import ProblemError
from ..client_auth import DPOP_ALGORITHMS, check_presented
from ..clients.model import Client
from ..errors import OAuth2Error
from ..server import challenge, provider
from ..tokens import AccessToken, TokenError, api_audience, check_access_token
from ..tokens.model import RevokedToken

# What `bearer_client` answers, for the description of the routes that use it (RFC 6750 §3.1, RFC 9449 §7.1).
TOKEN_PROBLEMS: dict[int, tuple[str, ...]] = {
    400: ("invalid_request",),
    401: ("no_token", "invalid_token", "invalid_request", "invalid_dpop_proof", "use_dpop_nonce"),
    403: ("insufficient_scope",),
}

NO_TOKEN = "An access token is needed."
_ALGORITHMS = " ".join(DPOP_ALGORITHMS)


class BearerError(Exception):
    """`status` and `error` as RFC 6750 §3.1 and RFC 9449 §7.1; without `error` the request simply carried no token."""

    def __init__(
        self,
        status: int,
        error: str | None = None,
        description: str = "",
        scope: str | None = None,
        scheme: str | None = None,
        parameters: dict[str, str] | None = None,
    ) -> None:
        super().__init__(error or "no token")
        self.status = status
        self.scheme = scheme
        self.error = error
        self.description = description
        self.scope = scope
        self.parameters = parameters or {}

    @property
    def challenge(self) -> str:
        """The `WWW-Authenticate` value: both schemes while it is open which one it will be."""
        if self.scheme is None and self.error is None:
            return f"{challenge('Bearer')}, {challenge('DPoP', algs=_ALGORITHMS)}"
        said = {"error": self.error, "error_description": self.description} if self.error else {}
        said |= {"scope": self.scope} if self.scope else {}
        if self.scheme == "dpop":
            return challenge("DPoP", algs=_ALGORITHMS, **said, **self.parameters)
        return challenge("Bearer", **said, **self.parameters)


@dataclass(frozen=True)
class ApiClient:
    """The client behind a call of our API. Names by language."""

    client_id: str
    event_source: str | None
    name: dict[str, str]
    department: dict[str, str]
    may_use_local_numbers: bool
    scopes: frozenset[str]
    sector: str
    token_id: str


def presented_token() -> str:
    """A plain bearer token. Raises `BearerError`."""
    return _presented(("bearer",))[1]


def _presented(schemes: tuple[str, ...]) -> tuple[str, str]:
    """Scheme and token: the Authorization header, or a POST form (RFC 6750 §2.1, §2.2). Raises `BearerError`."""
    header = request.headers.get("Authorization", "")
    scheme, _, value = header.partition(" ")
    scheme = scheme.lower()
    in_form = request.form.get("access_token") if request.mimetype == "application/x-www-form-urlencoded" else None
    if header and scheme not in schemes:
        raise BearerError(401, "invalid_request", "The Authorization scheme does not fit.")
    if header and in_form:
        raise BearerError(400, "invalid_request", "The token was sent in two ways.")
    token = value.strip() or in_form
    if not token:
        raise BearerError(401)
    if len(token) > 8000:
        raise BearerError(401, "invalid_token", "The token is too long.")
    return scheme or "bearer", token


def checked_token(audience: str) -> AccessToken:
    """The presented token, verified for `audience`. Raises `BearerError`."""
    op = provider()
    scheme, raw = _presented(("bearer", "dpop"))
    try:
        token = check_access_token(op.parts.settings, op.keys, raw, audience)
        if scheme == "dpop" or token.confirmation is not None:
            check_presented(op, token.confirmation or {}, scheme, raw)
        return token
    except TokenError:
        raise BearerError(401, "invalid_token", "The access token is not valid here.", scheme=scheme) from None
    except OAuth2Error as error:
        raise BearerError(
            401, error.error, error.description, scheme="dpop" if token.bound_to_dpop else scheme
        ) from None


def own_token_stands(session: Session, client_id: str, jti: str) -> bool:
    """Whether a client's own token (client credentials, an assertion about itself) still counts: not revoked, and the client is on."""
    revoked = select(RevokedToken.jti).where(RevokedToken.jti == jti).exists()
    return bool(session.scalar(select(Client.active & ~revoked).where(Client.client_id == client_id)))


_STANDS = Find(
    ("c.client_id",),
    "FROM client c WHERE c.client_id = :client AND c.active AND NOT EXISTS (SELECT 1 FROM revoked_token r WHERE r.jti = :jti)",
)


def asks_standing(client: ApiClient) -> Question:
    """Whether the token of a `presented_client` still counts, to be asked with whatever else its call needs: no answer says no."""
    return _STANDS, {"client": client.client_id, "jti": client.token_id}


def refuse_revoked(answer: Collection[object]) -> None:
    """What to do with the answer to `asks_standing`. Raises a 401 problem with `WWW-Authenticate`."""
    if not answer:
        raise _problem(BearerError(401, "invalid_token", "The access token was revoked."))


def bearer_client(*scopes: str) -> ApiClient:
    """The client that calls our API with its own token. Raises a 401 or 403 problem with `WWW-Authenticate`."""
    client = presented_client()
    check_standing(client)
    if any(scope not in client.scopes for scope in scopes):
        raise _problem(BearerError(403, "insufficient_scope", "The access token lacks a scope.", " ".join(scopes)))
    return client


def check_standing(client: ApiClient) -> None:
    """`asks_standing` and `refuse_revoked` by themselves."""
    with provider().parts.database.read() as session:
        (answer,) = find_all(session, [asks_standing(client)])
    refuse_revoked(answer)


def presented_client() -> ApiClient:
    """The client behind a token that is good by itself; whether it was revoked is still to be asked (`asks_standing`)."""
    op = provider()
    try:
        token = checked_token(api_audience(op.parts.settings))
        client = op.clients.get(token.client_id)
        if client is None or token.grant_id is not None:
            raise BearerError(401, "invalid_token", "The access token is not a client's own.")
    except BearerError as error:
        raise _problem(error) from None
    return ApiClient(
        client_id=client.client_id,
        event_source=client.event_source,
        name=client.localised("client_name"),
        department=client.localised("department") or client.localised("client_name"),
        may_use_local_numbers=client.may_use_local_numbers,
        scopes=token.scopes,
        sector=client.sector,
        token_id=token.jti,
    )


def _problem(error: BearerError) -> ProblemError:
    return ProblemError(
        error.status, error.error or "no_token", error.description or NO_TOKEN, www_authenticate=error.challenge
    )
