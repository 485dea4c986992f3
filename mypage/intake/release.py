"""Events that have waited come to the page: their resident claimed the handle, or the event they belong to came in."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.front.storage import clock, find_all

from ..families import EventRefusedError, Status, UnitOfWork, families
from .check import Checked
from .held import Held
from .locks import lock_names
from .model import ClaimedHandle, HeldEvent


class HandleTakenError(Exception):
    """Another resident has claimed this handle."""


def release(unit: UnitOfWork, held: Held, resident_id: str | None, newcomer: Checked) -> tuple[Status, bool]:
    """Apply `newcomer` together with what waited for its subject, in the order of the sequence; returns its own result."""
    waiting = [*held.take(newcomer.type.family, newcomer.event.subject), ("", newcomer)]
    answer: tuple[Status, bool] | EventRefusedError = ("held", False)
    for held_id, checked in sorted(waiting, key=lambda pair: str(pair[1].event.sequence)):
        result = _apply(unit, checked, resident_id)
        if not held_id:
            answer = result
        elif not isinstance(result, EventRefusedError):
            held.done(held_id)
    if isinstance(answer, EventRefusedError):
        raise answer
    return answer


def _apply(unit: UnitOfWork, checked: Checked, resident_id: str | None) -> tuple[Status, bool] | EventRefusedError:
    try:
        return checked.type.apply(unit, checked.event, resident_id)
    except EventRefusedError as refused:
        return refused


def attach_handle(session: Session, client_id: str, handle: str, resident_id: str) -> int:
    """Give a department's handle to the resident who claimed it; returns how many events came to their page.

    Later events with this handle go there directly. Raises `HandleTakenError`. Call `parts().worker.wake()` after the commit.
    """
    subjects = select(HeldEvent.subject).where(HeldEvent.client_id == client_id, HeldEvent.handle == handle)
    lock_names(session, client_id, [f"handle {handle}", *session.scalars(subjects)])
    claimed = session.get(ClaimedHandle, (client_id, handle))
    if claimed is not None and claimed.resident_id != resident_id:
        raise HandleTakenError(handle)
    if claimed is None:
        session.add(ClaimedHandle(client_id=client_id, handle=handle, resident_id=resident_id, claimed_at=clock.now()))
    held = Held(session, client_id)
    (waits,) = find_all(session, [held.asks_handle(handle)])
    held.read(waits)
    unit = UnitOfWork(session, client_id, families())
    waiting = held.subjects(handle)
    known: dict[str, set[str]] = defaultdict(set)
    for family, subject in waiting:
        known[family].add(subject)
    unit.load(known)
    count = 0
    for family, subject in waiting:
        for held_id, checked in held.take(family, subject):
            if isinstance(_apply(unit, checked, resident_id), tuple):
                held.done(held_id)
                count += 1
    unit.write(*held.changes())
    held.delete_done()
    return count
