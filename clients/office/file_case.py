"""Filing an application: online by the resident, or on paper by a clerk."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from clients.kit import Channel, Phase, Transaction, by_local_number

from .definition import Procedure
from .office import Office, OperationRefusedError
from .tell import tell

ALPHABET = "23456789CFGHJMPQRVWX"
"""No vowels and nothing that looks like something else: numbers are read out on the phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who applies. `sub` or `local_number` is set; both of a paper application that its resident has opened here."""

    name: str
    birthdate: str = ""
    address: str = ""
    sub: str | None = None
    local_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What is applied for. `draft` makes a form that is sent twice one case."""

    procedure: Procedure
    channel: Channel = "online"
    answers: dict[str, str] = field(default_factory=dict)
    received_at: datetime | None = None
    draft: str | None = None


def new_number(office: Office, at: datetime) -> str:
    """A receipt number: prefix, year, eight random signs (37 bits)."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{office.department.prefix}{at:%y}-{code[:4]}-{code[4:]}"


def file_online(office: Office, applicant: Applicant, application: Application) -> str:
    """File the resident's own application; returns its number. The same draft again returns the same number."""
    with office.database.transaction() as tx:
        again = "SELECT number FROM office_case WHERE draft = ? AND sub = ?"
        row = tx.one(again, (application.draft, applicant.sub)) if application.draft else None
        if row:
            return str(row["number"])
        return insert(office, tx, applicant, application, phase="sent", actor="resident", who=applicant.name)


def register_paper(office: Office, applicant: Applicant, application: Application, *, staff: str) -> str:
    """Register an application that came by post or at the counter; returns its number."""
    try:
        by_local_number(applicant.local_number or "")
    except ValueError:
        raise OperationRefusedError("local_number", "local_number") from None
    with office.database.transaction() as tx:
        return insert(office, tx, applicant, application, phase="received", actor="staff", who=staff)


def insert(
    office: Office,
    tx: Transaction,
    applicant: Applicant,
    application: Application,
    *,
    phase: Phase,
    actor: Literal["resident", "staff"],
    who: str,
    notify: Literal["auto", "silent"] = "auto",
) -> str:
    """Write the case with its first entry and its first event."""
    at = office.clock()
    received_at = application.received_at or at
    number = new_number(office, at)
    expected_by = received_at.date() + timedelta(days=application.procedure.days)
    values = {
        "number": number,
        "draft": application.draft,
        "procedure": application.procedure.code,
        "channel": application.channel,
        "sub": applicant.sub,
        "local_number": applicant.local_number,
        "applicant": applicant.name,
        "birthdate": applicant.birthdate,
        "address": applicant.address,
        "answers": json.dumps(application.answers, ensure_ascii=False),
        "phase": phase,
        "received_at": received_at.isoformat(timespec="milliseconds"),
        "expected_by": expected_by.isoformat(),
        "updated_at": at.isoformat(timespec="milliseconds"),
    }
    names = ", ".join(values)
    places = ", ".join(f":{name}" for name in values)
    tx.execute(f"INSERT INTO office_case ({names}) VALUES ({places})", values)  # noqa: S608 - fixed names
    tx.execute(
        "INSERT INTO office_change (number, at, actor, who, phase) VALUES (?, ?, ?, ?, ?)",
        (number, values["received_at"], actor, who, phase),
    )
    tell(office, tx, number, at=at, notify=notify)
    return number
