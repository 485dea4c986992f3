"""Security events (OpenID Shared Signals): the provider tells the app more than that a login ended.

A session that was revoked, or whose resident may not sign in any more, is ended here at once; everything else is for the app's own
handler.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .config import Settings
from .discovery import Provider
from .errors import ProviderRefusedError, ProviderUnavailableError, TokenInvalidError
from .http import HttpResponse
from .sessions import SessionStore
from .signed import verify
from .tokens import ClientCredentials

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
SESSION_REVOKED, CREDENTIAL_CHANGE = f"{CAEP}session-revoked", f"{CAEP}credential-change"
ACCOUNT_DISABLED, ACCOUNT_ENABLED = f"{RISC}account-disabled", f"{RISC}account-enabled"
ACCOUNT_PURGED = f"{RISC}account-purged"
ENDING = frozenset({SESSION_REVOKED, ACCOUNT_DISABLED, ACCOUNT_PURGED})
"""After these the resident is signed in here no longer."""
EVERYTHING = (SESSION_REVOKED, CREDENTIAL_CHANGE, ACCOUNT_DISABLED, ACCOUNT_ENABLED, ACCOUNT_PURGED)
TYPES = frozenset({"secevent+jwt"})
PUSH = "urn:ietf:rfc:8935"
REMEMBERED = 30 * 24 * 60 * 60
"""Seconds for which a `jti` is known again; the provider keeps an event for a week."""
ERRORS = {"kid": "invalid_key", "signature": "invalid_key", "iss": "invalid_issuer", "aud": "invalid_audience"}
"""RFC 8935 §2.4, by the check that failed; everything else is `invalid_request`."""


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """What happened (`type`, a URI), to whom (`sub`, as this app knows them; None: to the subscription itself), in which session."""

    type: str
    sub: str | None
    sid: str | None
    members: dict[str, Any]
    jti: str


Handler = Callable[[SecurityEvent], object]


class SecurityEvents:
    """Takes events in, and subscribes to them."""

    def __init__(
        self, settings: Settings, provider: Provider, sessions: SessionStore, tokens: ClientCredentials
    ) -> None:
        self._settings = settings
        self._provider = provider
        self._sessions = sessions
        self._tokens = tokens
        self.handler: Handler | None = None

    def take(self, token: str) -> None:
        """Check one event and act on it, once; `TokenInvalidError` names the check that failed.

        It counts as taken only when the handler is through, which therefore bears being called twice.
        """
        event = read_event(token, provider=self._provider, settings=self._settings)
        if self._sessions.heard(event.jti):
            return
        if event.type in ENDING and event.sub is not None:
            self._sessions.end_matching(event.sid, event.sub)
        if self.handler is not None:
            self.handler(event)
        self._sessions.remember(event.jti, time.time() + REMEMBERED)

    def subscribe(self, address: str, types: Iterable[str] = EVERYTHING) -> str:
        """Have these events pushed to `address`; made once, changed afterwards. Returns the stream's id.

        Raises `ProviderRefusedError`, above all if the app may not have the scope `ssf.manage`.
        """
        body = {"events_requested": list(types), "delivery": {"method": PUSH, "endpoint_url": address}}
        answer = self._call("POST", body)
        if answer.status == 409:
            mine = json.loads(self._call("GET").body)[0]["stream_id"]
            answer = self._call("PATCH", {"stream_id": mine, **body})
        if answer.status not in (200, 201):
            raise ProviderRefusedError(str(answer.status), str(answer.json().get("detail", "")))
        return str(answer.json()["stream_id"])

    def _call(self, method: str, body: dict[str, Any] | None = None) -> HttpResponse:
        issuer = self._settings.issuer.rstrip("/")
        found = self._provider.http.get_json(f"{issuer}/.well-known/ssf-configuration")
        if found.get("issuer") != self._settings.issuer:
            raise ProviderUnavailableError("the transmitter is another issuer")
        token = self._tokens.token("ssf.manage", f"{issuer}/api/v1")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        return self._provider.http.request(method, str(found["configuration_endpoint"]), headers=headers, body=data)


def read_event(token: str, *, provider: Provider, settings: Settings) -> SecurityEvent:
    """A SET (RFC 8417 §2.2) as this provider makes them: one event, `typ` of its own, neither `exp` nor `sub`."""
    claims = verify(token, provider=provider, settings=settings, types=TYPES, require=["jti"], expires=False)
    events, jti = claims.get("events"), claims["jti"]
    if not isinstance(events, dict) or len(events) != 1 or not isinstance(jti, str):
        raise TokenInvalidError("events")
    if "sub" in claims or "exp" in claims:
        raise TokenInvalidError("format", "sub or exp in a security event")
    [(kind, members)] = events.items()
    if not isinstance(members, dict):
        raise TokenInvalidError("events")
    sub, sid = read_subject(claims.get("sub_id"), settings.issuer)
    return SecurityEvent(kind, sub, sid, members, jti)


def read_subject(subject: Any, issuer: str) -> tuple[str | None, str | None]:
    """`sub` and `sid` of a subject identifier (RFC 9493 §3.2.3, SSF complex subjects)."""
    if not isinstance(subject, dict):
        raise TokenInvalidError("sub_id")
    if subject.get("format") == "opaque":
        return None, None
    user: Any = subject
    session: Any = None
    if subject.get("format") == "complex":
        user, session = subject.get("user"), subject.get("session")
        # Whoever cannot tell all members apart would end too much: they are critical (SSF §7.1).
        if not set(subject) <= {"format", "user", "session"} or not isinstance(user, dict):
            raise TokenInvalidError("sub_id")
    sub, sid = user.get("sub"), session.get("id") if isinstance(session, dict) else None
    if user.get("format") != "iss_sub" or user.get("iss") != issuer or not isinstance(sub, str):
        raise TokenInvalidError("sub_id")
    if session is not None and not isinstance(sid, str):
        raise TokenInvalidError("sub_id")
    return sub, sid
