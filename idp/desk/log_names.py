"""Who and what the record's sentences are about: names looked up for a whole page at once, and words for the codes of facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..audit import AuditEvent
from ..foundation.web.isolated import isolated
from ..foundation.web.language import language
from ..oidc.clients import clients_by_id
from ..residents import grouped
from ..residents.model import Resident
from ..staff.model import Staff
from .log_words import WORDS

Facts = dict[str, str | int | None]
_STAFF = ("staff", "by")
"""Facts that may hold a staff_id."""


@dataclass(frozen=True)
class LogNames:
    """By client id, resident id and staff id. A resident is named by their unified ID; nothing sealed is opened for this page."""

    apps: Mapping[str, str]
    residents: Mapping[str, str]
    staff: Mapping[str, str]

    def app(self, client_id: str | None) -> Markup:
        return isolated(self.apps.get(client_id, client_id)) if client_id else _unknown()

    def resident(self, resident_id: str | None) -> Markup:
        if not resident_id:
            return _unknown()
        known = self.residents.get(resident_id)
        return isolated(known) if known else Markup.escape(gettext("(without a unified ID)"))

    def fact(self, name: str, value: str | int | None) -> Markup:
        """A member of staff by name, a code in words, anything else as it is recorded."""
        if value is None or value == "":
            return _unknown()
        if name in _STAFF and str(value) in self.staff:
            return isolated(self.staff[str(value)])
        word = WORDS.get(name, {}).get(str(value))
        return Markup.escape(str(word)) if word is not None else self.other(value)

    def other(self, value: str | int) -> Markup:
        return isolated(value) or _unknown()


class Words(dict[str, Markup]):
    """What stands for the placeholders of the sentence of `row`."""

    def __init__(self, row: AuditEvent, facts: Facts, names: LogNames) -> None:
        super().__init__({name: names.fact(name, value) for name, value in facts.items()})
        self["app"], self["resident"] = names.app(row.client_id), names.resident(row.resident_id)

    def __missing__(self, _name: str) -> Markup:
        return _unknown()


def look_up(session: Session, events: Iterable[tuple[AuditEvent, Facts]]) -> LogNames:
    """The names of everybody in `events`; three statements at most, however many events."""
    rows = list(events)
    apps = {row.client_id for row, _ in rows if row.client_id}
    residents = {row.resident_id for row, _ in rows if row.resident_id}
    staff = {str(facts[name]) for _, facts in rows for name in _STAFF if facts.get(name)} - set(WORDS["by"])
    found = clients_by_id(session, sorted(apps)) if apps else {}
    ids = select(Resident.resident_id, Resident.unified_id).where(Resident.resident_id.in_(residents))
    members = select(Staff.staff_id, Staff.name).where(Staff.staff_id.in_(staff))
    return LogNames(
        {client_id: client.name(language()) for client_id, client in found.items()},
        {key: grouped(unified) for key, unified in session.execute(ids) if unified} if residents else {},
        {row.staff_id: row.name for row in session.execute(members)} if staff else {},
    )


def _unknown() -> Markup:
    return Markup.escape(gettext("(not recorded)"))
