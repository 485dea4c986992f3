"""Back-channel logout: the provider tells the app directly that a session is over (OIDC Back-Channel Logout 1.0)."""

from __future__ import annotations

import time

from .config import Settings
from .discovery import Provider
from .errors import TokenInvalidError
from .sessions import SessionStore
from .signed import verify

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPES = frozenset({"logout+jwt"})
MAX_AGE_OF_ISSUE = 10 * 60


def accept_logout_token(token: str, *, provider: Provider, settings: Settings, sessions: SessionStore) -> None:
    """Check a logout token as §2.6 says and end the sessions it names; `TokenInvalidError` names the check that failed.

    `typ` is required to be `logout+jwt` (§2.4 recommends it), so that no ID token can be passed off as one.
    """
    claims = verify(token, provider=provider, settings=settings, types=TYPES, require=["jti"])
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise TokenInvalidError("events")
    if "nonce" in claims:
        raise TokenInvalidError("nonce", "not allowed in a logout token")
    sid, sub = claims.get("sid"), claims.get("sub")
    if not sid and not sub:
        raise TokenInvalidError("sid", "neither sid nor sub")
    if not all(value is None or isinstance(value, str) for value in (sid, sub)) or not isinstance(claims["jti"], str):
        raise TokenInvalidError("format")
    if claims["iat"] < time.time() - MAX_AGE_OF_ISSUE - settings.leeway:
        raise TokenInvalidError("iat", "too old")
    # A jti is remembered for as long as its token could pass the checks above.
    until = max(float(claims["exp"]), time.time()) + settings.leeway + 1
    if not sessions.end_by_provider(jti=claims["jti"], until=until, sid=sid, sub=sub):
        raise TokenInvalidError("jti", "used before")
