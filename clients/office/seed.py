"""A believable history for a demonstration: cases over the past year, told to my page like any others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any, Literal

from clients.kit import JST, Channel, Notice, Outcome, Phase, Text, by_local_number

from .file_case import Applicant, Application, insert
from .move_case import Move, move_case
from .office import Office

RECENT = timedelta(days=7)
"""Older events are told silently: nobody wants notices about last year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMove:
    """A move `days_ago`; `act_in` is the deadline in days from today."""

    days_ago: int
    phase: Phase
    reason: Text = field(default_factory=dict)
    outcome: Outcome | None = None
    act_in: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCase:
    """A case of one resident (by key), filed `days_ago`."""

    resident: str
    procedure: str
    days_ago: int
    channel: Channel = "online"
    answers: dict[str, str] = field(default_factory=dict)
    moves: tuple[PastMove, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PastNotice:
    """A notice to one resident, published `days_ago`."""

    resident: str
    number: str
    days_ago: int
    title: Text
    body: Text
    kind: Literal["information", "request", "payment", "invitation", "decision"] = "information"
    importance: Literal["low", "normal", "high"] = "normal"
    act_in: int | None = None
    requires_ack: bool = False
    expires_in: int = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What the department has on file about a (fictional) resident."""

    name: str
    birthdate: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything to seed."""

    people: dict[str, Person]
    cases: tuple[PastCase, ...]
    notices: tuple[PastNotice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """How the department knows a resident. With `sub` their cases are theirs in the app, too, not only on my page."""

    local_number: str
    sub: str | None = None


def seed(office: Office, residents: dict[str, Known], history: History) -> bool:
    """Write the history for the residents given (by key); False if it was there already.

    The events go to the outbox and leave when the app runs.
    """
    with office.database.transaction() as tx:
        if tx.one("SELECT 1 FROM office_seeded WHERE name = 'history'"):
            return False
        tx.execute("INSERT INTO office_seeded (name, at) VALUES ('history', ?)", (office.clock().isoformat(),))
    today = office.clock().date()
    work: list[tuple[datetime, Callable[[], None]]] = []
    for past in history.cases:
        if past.resident in residents:
            work += plan_case(office, past, history.people[past.resident], residents[past.resident])
    for notice in history.notices:
        if notice.resident in residents:
            at, number = moment(today, notice.days_ago, 10), residents[notice.resident].local_number
            work.append((at, lambda notice=notice, number=number, at=at: publish(office, notice, number, at)))  # type: ignore[misc]
    # Oldest first over all cases, as it would have happened.
    for _, step in sorted(work, key=lambda pair: pair[0]):
        step()
    return True


def moment(today: Any, days_ago: int, hour: int) -> datetime:
    """A moment in office hours, some days ago; today's is early enough to be past."""
    return datetime.combine(today - timedelta(days=days_ago), time(hour if days_ago else 0, 17), JST)


def plan_case(
    office: Office, past: PastCase, person: Person, known: Known
) -> list[tuple[datetime, Callable[[], None]]]:
    """The filing and the moves of a case, each with its time."""
    today = office.clock().date()
    filed_at = moment(today, past.days_ago, 9)
    written: list[str] = []

    def file() -> None:
        then = replace(office, clock=lambda: filed_at)
        procedure = office.department.procedure(past.procedure)
        if procedure is None:
            raise KeyError(past.procedure)
        online = past.channel == "online"
        applicant = Applicant(
            name=person.name,
            birthdate=person.birthdate,
            address=person.address,
            sub=known.sub,
            local_number=None if online and known.sub else known.local_number,
        )
        with office.database.transaction() as tx:
            written.append(
                insert(
                    then,
                    tx,
                    applicant,
                    Application(procedure=procedure, channel=past.channel, answers=past.answers),
                    phase="sent" if online else "received",
                    actor="resident" if online else "staff",
                    who=person.name if online else "担当者",
                    notify="silent",
                )
            )

    def move(step: PastMove, at: datetime) -> None:
        then = replace(office, clock=lambda: at)
        asked = Move(
            phase=step.phase,
            reason_ja=step.reason.get("ja", ""),
            reason_en=step.reason.get("en", ""),
            outcome=step.outcome,
            act_by=today + timedelta(days=step.act_in) if step.act_in is not None else None,
        )
        notify: Literal["auto", "silent"] = "auto" if office.clock() - at < RECENT else "silent"
        move_case(then, written[0], asked, staff="担当者", notify=notify)

    plan: list[tuple[datetime, Callable[[], None]]] = [(filed_at, file)]
    for place, step in enumerate(past.moves):
        at = moment(today, step.days_ago, 11) + timedelta(minutes=7 * place)
        plan.append((at, lambda step=step, at=at: move(step, at)))  # type: ignore[misc]
    return plan


def publish(office: Office, past: PastNotice, number: str, at: datetime) -> None:
    """Publish one notice."""
    today = office.clock().date()
    notice = Notice(
        resident=by_local_number(number),
        title=past.title,
        body=past.body,
        kind=past.kind,
        importance=past.importance,
        publish_at=at,
        act_by=today + timedelta(days=past.act_in) if past.act_in is not None else None,
        requires_ack=past.requires_ack,
    )
    expires = moment(today, -past.expires_in, 23)
    office.reporter.publish_notice(past.number, notice, expires=expires, at=at)
