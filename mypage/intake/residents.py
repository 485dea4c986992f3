"""Whom events are about, looked up for a whole batch at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from idp.front.people import asks_local_numbers, asks_residents_of
from idp.front.resource_server import ApiClient
from idp.front.storage import Find, Question

from ..families import EventRefusedError
from ..wire.resident import IssSub, LocalNumber, Opaque

Named = IssSub | LocalNumber | Opaque
_CLAIMED = Find(("handle", "resident_id"), "FROM claimed_handle WHERE client_id = :client AND handle among:handles")


class Residents:
    """Those that the events of one client name: `questions` are to be asked, `answered` takes the answers."""

    def __init__(self, client: ApiClient, issuer: str, named: Iterable[Named]) -> None:
        self._client = client
        self._issuer = issuer
        self._found: dict[tuple[str, str], str] = {}
        subs, numbers, handles = set[str](), set[str](), set[str]()
        for one in named:
            if isinstance(one, Opaque):
                handles.add(one.id)
            elif isinstance(one, LocalNumber):
                numbers.add(one.number)
            elif one.iss == issuer:
                subs.add(one.sub)
        self._number_of: dict[str, str] = {}
        self._asked: list[tuple[str, Question]] = []
        if subs:
            self._asked.append(("iss_sub", asks_residents_of(subs, client.sector)))
        if numbers and client.may_use_local_numbers:
            self._number_of, question = asks_local_numbers(numbers)
            self._asked.append(("local_number", question))
        if handles:
            self._asked.append(("opaque", (_CLAIMED, {"client": client.client_id, "handles": list(handles)})))

    @property
    def questions(self) -> list[Question]:
        return [question for _, question in self._asked]

    def answered(self, answers: Iterable[Sequence[Any]]) -> None:
        for (format_, _), found in zip(self._asked, answers, strict=True):
            for key, resident_id in found:
                self._found[format_, self._number_of[key] if format_ == "local_number" else key] = resident_id

    def find(self, named: Named | None) -> str | None:
        """The resident; None if the event names nobody, or a handle that is not claimed. Raises `EventRefusedError`.

        An unknown resident is the same answer whether the number exists elsewhere or not at all.
        """
        if named is None:
            return None
        if isinstance(named, Opaque):
            return self._found.get(("opaque", named.id))
        if isinstance(named, LocalNumber) and not self._client.may_use_local_numbers:
            raise EventRefusedError(
                403, "local_numbers_not_allowed", "This client may not name residents by local number."
            )
        if isinstance(named, IssSub) and named.iss != self._issuer:
            raise EventRefusedError(422, "foreign_issuer", "iss is not this provider.")
        found = self._found.get((named.format, named.sub if isinstance(named, IssSub) else named.number))
        if found is None:
            raise EventRefusedError(422, "unknown_resident", "No resident of this client is known by this identifier.")
        return found
