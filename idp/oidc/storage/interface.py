"""What the hot path asks of the storage. All times are milliseconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """A code about to be given, as far as the authorization request determines it."""

    code_digest: str
    grant_id: str
    client_id: str
    sector: str
    redirect_uri: str
    redirect_given: bool
    scope: str
    needs_consent: str | None
    """Space-separated items the standing consent must cover; None: this client needs no consent."""
    nonce: str | None
    challenge: str
    claims: str | None
    resource: str | None
    expires_at: int
    authenticated_since: int
    """The login must be at least this new (`max_age`, `prompt=login`); 0: any."""
    key_binding: str | None = None
    """The key the request named for its code (`jkt:…`)."""
    rich: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The login behind a session cookie, seen from one client. `issued`: the code was stored."""

    issued: bool
    session_id: str
    resident_id: str
    factors: str
    proofing: str
    authenticated_at: int
    seen_at: int
    sub: str | None
    sid: str | None
    consented: str | None


@dataclass(frozen=True, slots=True)
class Redemption:
    """A token request's proof: everything that must match the code for it to be consumed."""

    code_digest: str
    client_id: str
    redirect_uri: str | None
    challenge: str
    refresh_digest: str | None
    refresh_expires_at: int
    grant_expires_at: int
    key_binding: str | None = None
    """The key proven with this request; must be the code's if the code has one."""
    grant_binding: str | None = None
    """The key to which the refresh tokens will be bound (public clients)."""


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """A live grant, as the tokens made from it need it."""

    grant_id: str
    client_id: str
    resident_id: str
    session_id: str
    scope: str
    claims: str | None
    resource: str | None
    nonce: str | None
    factors: str
    proofing: str
    authenticated_at: int
    sid: str
    sub: str
    expires_at: int
    rich: str | None = None
    """JSON: `authorization_details`, `grant_management`."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """A refresh: the token presented, and its successor (digest, and sealed for the grace of a lost answer)."""

    token_digest: str
    client_id: str
    successor_digest: str
    successor_sealed: bytes
    successor_expires_at: int
    key_binding: str | None = None


@dataclass(frozen=True, slots=True)
class UserinfoFacts:
    """What userinfo needs: the grant's consent and the resident's sealed attributes."""

    grant: GrantFacts
    attributes: bytes


GRANT_COLUMNS = (
    "grant_id, client_id, resident_id, session_id, scope, claims, resource, nonce, factors, proofing, authenticated_at, "
    "sid, sub, expires_at, rich"
)


class HotStore(Protocol):
    """Thread-safe."""

    def issue_code(self, token_digest: str, request: CodeRequest, now: int, idle_since: int) -> Standing | None:
        """Store the code if the login, its age, the subject, the participation and the consent all stand.

        None: no live login. `issued=False`: something is missing, and the facts say what.
        """

    def redeem_code(self, redemption: Redemption, now: int) -> GrantFacts | None:
        """Consume the code and create its grant (and first refresh token), only if everything matches and the login lives."""

    def rotate_refresh(self, rotation: Rotation, now: int) -> GrantFacts | None:
        """Spend a refresh token of a live grant of this client for its successor. None: not to be had that way."""

    def userinfo(self, grant_id: str, jti: str, now: int) -> UserinfoFacts | None:
        """The live grant behind an access token that was not revoked."""

    def close(self) -> None: ...
