"""The life of an account: claimed, suspended, reinstated, closed. One table says what may follow what.

What hangs on an account (logins, grants) belongs to rooms above; they end it in the same transaction, as listeners.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..audit import AuditEventType, record
from ..foundation import clock
from .model import ActivationCode, Resident, ResidentState


class AccountAction(Enum):
    """What is done to an account."""

    CLAIM = "claim"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    CLOSE = "close"


# Everything else is refused. Nothing leads out of `closed`: its unified ID and its subject identifiers stay taken.
TRANSITIONS = {
    (ResidentState.PENDING, AccountAction.CLAIM): ResidentState.ACTIVE,
    (ResidentState.ACTIVE, AccountAction.SUSPEND): ResidentState.SUSPENDED,
    (ResidentState.SUSPENDED, AccountAction.REINSTATE): ResidentState.ACTIVE,
    (ResidentState.ACTIVE, AccountAction.CLOSE): ResidentState.CLOSED,
    (ResidentState.SUSPENDED, AccountAction.CLOSE): ResidentState.CLOSED,
}


@dataclass(frozen=True)
class _Deed:
    """The event that tells of an act, and the reasons it may have: words of a list, so that nothing personal gets into the record."""

    event: AuditEventType
    reasons: tuple[str, ...]


DEEDS = {
    AccountAction.SUSPEND: _Deed(AuditEventType.ACCOUNT_SUSPENDED, ("hijacking", "requested", "misuse", "other")),
    AccountAction.REINSTATE: _Deed(AuditEventType.ACCOUNT_REINSTATED, ("resolved", "requested", "mistake", "other")),
    AccountAction.CLOSE: _Deed(
        AuditEventType.ACCOUNT_CLOSED, ("requested", "deceased", "moved_out", "duplicate", "other")
    ),
}

Listener = Callable[[Session, str, AccountAction, str], None]
_listeners: list[Listener] = []


class IllegalTransitionError(Exception):
    """This cannot be done to an account in this state."""

    def __init__(self, state: ResidentState, act: AccountAction) -> None:
        super().__init__(f"an account that is {state.value} cannot be changed by: {act.value}")
        self.state = state


def on_account_change(listener: Listener) -> None:
    """Have `listener(session, resident_id, act, by)` run inside every transaction that suspends, reinstates or closes an account."""
    if listener not in _listeners:
        _listeners.append(listener)


def move(resident: Resident, act: AccountAction) -> None:
    """Write the state that follows. Raises `IllegalTransitionError`."""
    state = ResidentState(resident.state)
    following = TRANSITIONS.get((state, act))
    if following is None:
        raise IllegalTransitionError(state, act)
    resident.state = following.value
    resident.changed_at = clock.now()


def change_account(session: Session, unified_id: str, act: AccountAction, reason: str, by: str) -> str:
    """Suspend, reinstate or close, with all that follows from it; returns the resident_id.

    Raises `LookupError` for an unknown unified ID, `ValueError` for a reason that is not listed, `IllegalTransitionError`.
    """
    deed = DEEDS[act]
    if reason not in deed.reasons:
        raise ValueError(reason)
    resident = session.scalars(select(Resident).where(Resident.unified_id == unified_id).with_for_update()).first()
    if resident is None:
        raise LookupError(unified_id)
    move(resident, act)
    resident_id = resident.resident_id
    # A code that somebody may hold already is no way back in.
    session.execute(
        update(ActivationCode)
        .where(ActivationCode.resident_id == resident_id, ActivationCode.used_at.is_(None))
        .values(used_at=resident.changed_at)
    )
    record(session, deed.event, resident_id=resident_id, reason=reason, by=by)
    for listener in _listeners:
        listener(session, resident_id, act, by)
    return resident_id
