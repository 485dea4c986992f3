"""What the hot path asks of the storage. All times are milliseconds since 1970."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class LoginFacts:
    """The login behind a session cookie, seen from one client."""

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
class Redemption:
    """A code that is good for what it is shown for, and what it shall become."""

    grant: GrantFacts
    """`expires_at` is the most; without offline_access it ends with the login."""
    offline: bool
    refresh_digest: str | None
    refresh_expires_at: int | None
    key_binding: str | None = None
    """The key to which the refresh tokens will be bound (public clients)."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """A refresh: the token presented, and its successor."""

    grant_id: str
    token_digest: str
    client_id: str
    successor_digest: str
    successor_count: int
    successor_expires_at: int
    key_binding: str | None = None


@dataclass(frozen=True, slots=True)
class UserinfoFacts:
    """What userinfo needs: the grant's consent and the resident's sealed attributes."""

    grant: GrantFacts
    attributes: bytes


GRANT_NAMES = tuple(field.name for field in fields(GrantFacts))
GRANT_COLUMNS = ", ".join(GRANT_NAMES)
grant_values: Callable[[GrantFacts], tuple[Any, ...]] = attrgetter(*GRANT_NAMES)
"""A grant's values, in the order of its columns."""


class HotStore(Protocol):
    """Thread-safe. Each raises `UnavailableError` while the database is away."""

    def login_facts(
        self, token_digest: str, sector: str, client_id: str, now: int, idle_since: int
    ) -> LoginFacts | None:
        """The login of a session token, with what this app has of it: subject, participation, consent. None: no live login."""

    def redeem_code(self, redemption: Redemption, now: int) -> int | None:
        """Make the grant (and its first refresh token). When it expires; None: nothing was made.

        It is made if there is none of this id yet, the login lives, the client is on, and the participation of which the code was
        given (`sid`) still stands: ending an app's access deletes it, and a later one has another `sid`.
        """

    def rotate_refresh(self, rotation: Rotation, now: int) -> GrantFacts | None:
        """Put the successor in the place of the live refresh token of a live grant of this client. None: not to be had that way."""

    def userinfo(self, grant_id: str, jti: str, now: int) -> UserinfoFacts | None:
        """The live grant behind an access token that was not revoked, of a client that is on."""

    def close(self) -> None: ...
