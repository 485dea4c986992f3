"""One-use challenges: made by us, tied to a browser, consumed atomically and for good: one that outlived a failed check
could be tried again.

One that leaves our browser (for a card reader) comes back in two steps: `hand_over` and `collect`. See signin/handoff.py.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from ..foundation import clock
from ..foundation.housekeeping import cleans_up
from ..foundation.ids import new_id, new_secret
from ..foundation.vault import digest
from .model import Challenge

LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True)
class Issued:
    """A fresh challenge; `nonce` is 32 random bytes."""

    challenge_id: str
    nonce: bytes
    expires_at: datetime


@dataclass(frozen=True)
class Collected:
    """What came back: `outcome` in a word, and what it proved, sealed."""

    challenge_id: str
    purpose: str
    browser_digest: str
    outcome: str
    sealed: bytes | None


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


def hand_over(challenge: Challenge, outcome: str, sealed: bytes | None = None) -> str:
    """Write down what came back for a consumed challenge; returns the secret that collects it, for the answer to that very request."""
    secret = new_secret()
    challenge.outcome, challenge.sealed, challenge.return_digest = outcome, sealed, digest(secret)
    return secret


def collect(session: Session, challenge_id: str, secret: str, attempt_id: str) -> Collected | None:
    """Fetch what was handed over, with its secret, once and for good. None: unknown, never answered, collected or expired.

    Whose browser it is has to be asked of the answer (`Collected.browser_digest`): the right secret in another browser ends it, too.
    """
    now = clock.now()
    row = session.scalars(
        update(Challenge)
        .where(
            Challenge.challenge_id == challenge_id,
            Challenge.attempt_id == attempt_id,
            Challenge.return_digest == digest(secret),
            Challenge.collected_at.is_(None),
            Challenge.expires_at > now,
        )
        .values(collected_at=now)
        .returning(Challenge)
    ).first()
    if row is None:
        return None
    sealed, row.sealed = row.sealed, None
    return Collected(row.challenge_id, row.purpose, row.browser_digest, str(row.outcome), sealed)


@cleans_up
def forget_challenges(session: Session) -> None:
    session.execute(delete(Challenge).where(Challenge.expires_at < clock.now() - timedelta(hours=1)))
