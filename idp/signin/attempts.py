"""Sign-in attempts: one row each, known by the id in the URL and by the browser."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

import orjson
from flask import request
from sqlalchemy.orm import Session

from ..foundation import clock
from ..foundation.context import parts
from ..foundation.database import Database
from ..foundation.ids import is_secret, new_secret
from ..foundation.web.cookies import browser_digest
from ..foundation.web.errors import ProblemError
from .model import SignInAttempt

MAX_REQUEST = 20000


def begin(
    session: Session,
    continue_to: str,
    *,
    client_id: str | None = None,
    parameters: dict[str, str] | None = None,
    lifetime_seconds: int | None = None,
) -> str:
    """Start an attempt for this browser and return its id. `{id}` in `continue_to` becomes the id."""
    parts().limits.hit(parts().settings.attempt_limit, "attempt", client_network())
    attempt_id = new_secret()
    now = clock.now()
    session.add(
        SignInAttempt(
            attempt_id=attempt_id,
            browser_digest=browser_digest(),
            continue_to=continue_to.replace("{id}", attempt_id),
            client_id=client_id,
            request=orjson.dumps(parameters).decode() if parameters is not None else None,
            created_at=now,
            expires_at=now + timedelta(seconds=lifetime_seconds or parts().settings.attempt_seconds),
        )
    )
    return attempt_id


def find(session: Session, attempt_id: str) -> SignInAttempt:
    """The attempt of this browser. Raises a 410 problem for an unknown, expired or foreign one, all alike."""
    row = session.get(SignInAttempt, attempt_id) if is_secret(attempt_id) else None
    if row is None or row.expires_at <= clock.now() or row.browser_digest != browser_digest():
        raise ProblemError(
            410, "attempt_expired", "This sign-in page has expired. Please go back to the app and press sign in again."
        )
    return row


def load(database: Database, attempt_id: str) -> SignInAttempt:
    """`find` in a session of its own."""
    with database.read() as session:
        return find(session, attempt_id)


def client_network() -> str:
    """The caller's network (/24 or /48) for rate limits; the address itself is neither stored nor logged."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 - a placeholder, not a bind
    except ValueError:
        # An address that does not parse must not slip past a limit: all such callers share one counter.
        return "unparsable"
    return str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False))
