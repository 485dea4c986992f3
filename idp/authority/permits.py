"""Whose word counts against a credential, so that a thief with a stolen login, or with a passkey of their own, cannot shut the owner
out (docs/decisions/0012-whose-word-counts.md).

- Stopping is easy: a credential added in the last seven days may be put on hold from any login it did not open itself, as long as an
  older way in remains. What a thief with a stolen cookie reaches that way is little, and is undone with the older one.
- Everything else needs a sign-in of the last ten minutes, and one that *vouches*: with another credential in use that is older than
  the one concerned or has itself been there for seven days, or with an activation code from the counter, where staff looked at the
  person. So a thief's new passkey has no say over the owner's, while the owner's has over the thief's.
- Adding needs a sign-in of the last ten minutes at the level a passkey has. A posted code is below it, and is enough only for somebody
  who has no other way in.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..credentials import CredentialInfo, credentials_of
from ..foundation import clock
from ..foundation.database import to_ms
from ..logins import Login, levels
from ..residents.model import Ceremony

FRESH = timedelta(minutes=10)
SETTLED = timedelta(days=7)
COUNTER = "activation_code_counter"
PASSKEY_LEVEL = 2


class Permit(Enum):
    """What stands between a login and a change."""

    NOW = "now"
    SIGN_IN_AGAIN = "sign_in_again"
    LAST_WAY_IN = "last_way_in"
    TOO_WEAK = "too_weak"


def may_hold(session: Session, login: Login, target: CredentialInfo) -> Permit:
    """Put `target` on hold; also the last way in, when somebody vouches who is then still there."""
    known = credentials_of(session, login.resident_id)
    recent = target.created_at > clock.now() - SETTLED
    opened_by_it = any(factor.credential_id == target.credential_id for factor in login.factors)
    older_way = any(c.signs_in and c.created_at < target.created_at for c in known)
    if recent and older_way and not opened_by_it:
        return Permit.NOW
    return _vouched(session, login, target, known)


def may_release(session: Session, login: Login, target: CredentialInfo) -> Permit:
    """Let a held `target` sign in again."""
    return _vouched(session, login, target, credentials_of(session, login.resident_id))


def may_remove(session: Session, login: Login, target: CredentialInfo) -> Permit:
    """Remove `target` for good: never the last way in, and its own sign-in may speak for it, too."""
    known = credentials_of(session, login.resident_id)
    if is_last_way_in(known, target):
        return Permit.LAST_WAY_IN
    if target.signs_in and any(f.credential_id == target.credential_id for f in _fresh(login)):
        return Permit.NOW
    return _vouched(session, login, target, known)


def may_add(session: Session, login: Login) -> Permit:
    """Add a passkey."""
    fresh = _fresh(login)
    if levels.authentication_level(fresh) >= PASSKEY_LEVEL or _from_the_counter(session, login, fresh):
        return Permit.NOW
    if not fresh:
        return Permit.SIGN_IN_AGAIN
    other_way = any(c.signs_in for c in credentials_of(session, login.resident_id))
    return Permit.TOO_WEAK if other_way else Permit.NOW


def is_last_way_in(known: Iterable[CredentialInfo], target: CredentialInfo) -> bool:
    """Whether nothing would sign in any more without `target`."""
    return target.signs_in and not any(c.signs_in and c.credential_id != target.credential_id for c in known)


def vouchers(known: Iterable[CredentialInfo], target: CredentialInfo) -> list[CredentialInfo]:
    """Those of a resident's credentials whose sign-in counts against `target`."""
    settled = clock.now() - SETTLED
    return [
        c
        for c in known
        if c.signs_in
        and c.credential_id != target.credential_id
        and (c.created_at < target.created_at or c.created_at <= settled)
    ]


def _vouched(session: Session, login: Login, target: CredentialInfo, known: Iterable[CredentialInfo]) -> Permit:
    fresh, names = _fresh(login), {c.credential_id for c in vouchers(known, target)}
    if any(factor.credential_id in names for factor in fresh) or _from_the_counter(session, login, fresh):
        return Permit.NOW
    return Permit.SIGN_IN_AGAIN


def _fresh(login: Login) -> list[levels.Factor]:
    return levels.done_since(login.factors, to_ms(clock.now() - FRESH))


def _from_the_counter(session: Session, login: Login, fresh: Iterable[levels.Factor]) -> bool:
    """A factor "code" names the ceremony in which the code was used."""
    ceremonies = [factor.credential_id for factor in fresh if factor.kind == "code"]
    return bool(ceremonies) and bool(
        session.scalar(
            select(Ceremony.ceremony_id).where(
                Ceremony.ceremony_id.in_(ceremonies),
                Ceremony.resident_id == login.resident_id,
                Ceremony.method == COUNTER,
            )
        )
    )
