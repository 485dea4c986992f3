"""One-use challenges: made by us, tied to a browser, consumed atomically and for good even when what follows fails (facts §4.4)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from ..foundation import clock
from ..foundation.ids import new_id
from .model import Challenge

LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True)
class Issued:
    """A fresh challenge; `nonce` is 32 random bytes."""

    challenge_id: str
    nonce: bytes
    expires_at: datetime


def issue(
    session: Session,
    purpose: str,
    browser_digest: str,
    *,
    attempt_id: str | None = None,
    resident_id: str | None = None,
) -> Issued:
    """Store and return a challenge."""
    # Whole seconds: the card's statement carries the expiry as such.
    expires_at = (clock.now() + LIFETIME).replace(microsecond=0)
    row = Challenge(
        challenge_id=new_id(),
        purpose=purpose,
        nonce=secrets.token_bytes(32),
        browser_digest=browser_digest,
        attempt_id=attempt_id,
        resident_id=resident_id,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return Issued(row.challenge_id, row.nonce, expires_at)


def consume(session: Session, *, challenge_id: str | None = None, nonce: bytes | None = None) -> Challenge | None:
    """Take a challenge out of use by its id or nonce. None: unknown, used or expired."""
    condition = Challenge.challenge_id == challenge_id if challenge_id is not None else Challenge.nonce == nonce
    now = clock.now()
    return session.scalars(
        update(Challenge)
        .where(condition, Challenge.used_at.is_(None), Challenge.expires_at > now)
        .values(used_at=now)
        .returning(Challenge)
    ).first()


def collect(session: Session, challenge_id: str, browser_digest: str) -> Challenge | None:
    """Fetch a card challenge's outcome, once, and only for the browser that asked."""
    now = clock.now()
    return session.scalars(
        update(Challenge)
        .where(
            Challenge.challenge_id == challenge_id,
            Challenge.browser_digest == browser_digest,
            Challenge.outcome.is_not(None),
            Challenge.collected_at.is_(None),
            Challenge.expires_at > now,
        )
        .values(collected_at=now)
        .returning(Challenge)
    ).first()
