"""Sign-in attempts: one row each, known by the id in the URL and by the browser."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import orjson
from flask import g
from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from ..foundation import clock
from ..foundation.context import parts
from ..foundation.database import Database
from ..foundation.driver import Columns, Question, Row
from ..foundation.housekeeping import cleans_up
from ..foundation.ids import is_secret, new_secret
from ..foundation.web.cookies import BROWSER, NO_COOKIE, browser_digest, get_cookie
from ..foundation.web.errors import ProblemError
from ..foundation.web.network import client_network
from .model import SignInAttempt

# An old sign-in page still knows the way back to its app.
KEEP = timedelta(days=7)
_ASKED = Columns(SignInAttempt.__table__).find("attempt_id = :attempt_id")  # type: ignore[arg-type]
_OF_ID = select(SignInAttempt).where(SignInAttempt.attempt_id == bindparam("attempt_id"))


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


def find(session: Session, attempt_id: str, *, expired: bool = False) -> SignInAttempt:
    """The attempt of this browser; with `expired` also one that is over.

    Raises a 410 problem for an unknown, expired or foreign one, all alike, but for a browser that brings no cookie at all.
    """
    row = session.scalars(_OF_ID, {"attempt_id": attempt_id}).first() if is_secret(attempt_id) else None
    return _checked(row, expired)


def asks(attempt_id: str) -> Question:
    """`find` as a question, to be asked with others."""
    return _ASKED, {"attempt_id": attempt_id if is_secret(attempt_id) else ""}


def found(answer: Sequence[Row]) -> SignInAttempt:
    """The attempt in the answer to `asks`. Raises as `find` does."""
    return _checked(SignInAttempt(**answer[0]) if answer else None, expired=False)


def _checked(row: SignInAttempt | None, expired: bool) -> SignInAttempt:
    if row is not None and get_cookie(BROWSER) is None:
        raise ProblemError(410, "cookies_blocked", NO_COOKIE)
    over = row is not None and row.expires_at <= clock.now() and not expired
    if row is None or over or row.browser_digest != browser_digest():
        raise ProblemError(
            410, "attempt_expired", "This sign-in page has expired. Please go back to the app and press sign in again."
        )
    return row


def load(database: Database, attempt_id: str, *, expired: bool = False) -> SignInAttempt:
    """`find` in a session of its own."""
    with database.read() as session:
        g.signin_attempt = row = find(session, attempt_id, expired=expired)
    return row


def of_page(database: Database, attempt_id: str) -> SignInAttempt | None:
    """The attempt of a page's address, whoever's it is and whenever it began; what this request has loaded is not asked for again."""
    loaded: SignInAttempt | None = g.get("signin_attempt")
    if loaded is not None and loaded.attempt_id == attempt_id:
        return loaded
    with database.read() as session:
        return session.get(SignInAttempt, attempt_id)


@cleans_up
def forget_attempts(session: Session) -> None:
    session.execute(delete(SignInAttempt).where(SignInAttempt.expires_at < clock.now() - KEEP))
