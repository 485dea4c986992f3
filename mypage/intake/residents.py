"""Whom events are about, looked up for a whole batch at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.front.people import resolve_local_numbers, resolve_subjects
from idp.front.resource_server import ApiClient

from ..families import RefusedError
from ..wire.resident import IssSub, LocalNumber, Opaque
from .model import ClaimedHandle

Named = IssSub | LocalNumber | Opaque


@dataclass
class Residents:
    """Answers for one client and one transaction."""

    client: ApiClient
    issuer: str
    _subs: dict[str, str] = field(default_factory=dict)
    _numbers: dict[str, str] = field(default_factory=dict)
    _handles: dict[str, str] = field(default_factory=dict)

    def load(self, session: Session, named: Iterable[Named]) -> None:
        """Look all of them up."""
        residents = list(named)
        if subs := {r.sub for r in residents if isinstance(r, IssSub) and r.iss == self.issuer}:
            self._subs = resolve_subjects(session, self.client.client_id, subs)
        if self.client.may_use_local_numbers and (
            numbers := {r.number for r in residents if isinstance(r, LocalNumber)}
        ):
            self._numbers = resolve_local_numbers(session, numbers)
        if handles := {r.id for r in residents if isinstance(r, Opaque)}:
            found = select(ClaimedHandle.handle, ClaimedHandle.resident_id).where(
                ClaimedHandle.client_id == self.client.client_id, ClaimedHandle.handle.in_(handles)
            )
            self._handles = {row.handle: row.resident_id for row in session.execute(found)}

    def find(self, named: Named | None) -> str | None:
        """The resident; None if the event names nobody, or a handle that is not claimed. Raises `RefusedError`.

        An unknown resident is the same answer whether the number exists elsewhere or not at all.
        """
        if named is None:
            return None
        if isinstance(named, Opaque):
            return self._handles.get(named.id)
        if isinstance(named, LocalNumber) and not self.client.may_use_local_numbers:
            raise RefusedError(403, "local_numbers_not_allowed", "This client may not name residents by local number.")
        if isinstance(named, IssSub) and named.iss != self.issuer:
            raise RefusedError(422, "foreign_issuer", "iss is not this provider.")
        found = self._subs.get(named.sub) if isinstance(named, IssSub) else self._numbers.get(named.number)
        if found is None:
            raise RefusedError(422, "unknown_resident", "No resident of this client is known by this identifier.")
        return found
