"""Cases as last told, and every event that told something about them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.front.storage import Base

from ..columns import JsonText, Members, Objects, Texts, one_of
from .phases import CHANNELS, OUTCOMES, PHASES, WAITING_ON


class Case(Base):
    """The state of one case: exactly what its event with the highest sequence says."""

    __tablename__ = "resident_case"
    __table_args__ = (
        UniqueConstraint("client_id", "subject"),
        CheckConstraint(one_of("phase", PHASES), name="phase"),
        CheckConstraint(one_of("outcome", OUTCOMES), name="outcome"),
        CheckConstraint(one_of("waiting_on", WAITING_ON), name="waiting_on"),
        CheckConstraint(one_of("channel", CHANNELS), name="channel"),
        CheckConstraint("length(sequence) = 20", name="sequence"),
        CheckConstraint("phase <> 'action_required' OR reason IS NOT NULL", name="action_has_reason"),
        CheckConstraint("outcome <> 'rejected' OR reason IS NOT NULL", name="rejection_has_reason"),
        Index("ix_resident_case_resident_updated", "resident_id", "updated_at"),
    )

    case_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200))
    """The department's own number of the case."""
    resident_id: Mapped[str] = mapped_column(ForeignKey("resident.resident_id"))
    sequence: Mapped[str] = mapped_column(String(20))
    """Of the event the state comes from; zero-padded, so text order is number order."""
    has_gap: Mapped[bool] = mapped_column(default=False)
    procedure_code: Mapped[str] = mapped_column(String(64))
    procedure_title: Mapped[Any] = mapped_column(Texts)
    receipt_number: Mapped[str | None] = mapped_column(String(64))
    channel: Mapped[str | None] = mapped_column(String(10))
    phase: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str | None] = mapped_column(String(10))
    waiting_on: Mapped[str | None] = mapped_column(String(16))
    label: Mapped[Any] = mapped_column(Texts, nullable=True)
    reason: Mapped[Any] = mapped_column(Texts, nullable=True)
    steps: Mapped[Any] = mapped_column(Objects, nullable=True)
    contact: Mapped[Any] = mapped_column(Members, nullable=True)
    actions: Mapped[Any] = mapped_column(Objects, nullable=True)
    documents: Mapped[Any] = mapped_column(Objects, nullable=True)
    words: Mapped[str] = mapped_column(Text)
    """What a search looks into, folded."""
    received_at: Mapped[datetime]
    expected_by: Mapped[date | None] = mapped_column(Date)
    act_by: Mapped[date | None] = mapped_column(Date)
    updated_at: Mapped[datetime]
    """When it came to be so, by the department's word, but never in the future."""
    last_heard_at: Mapped[datetime]
    """When an event about the case last came in."""


class CaseEvent(Base):
    """One event about a case, accepted or stale. Append only."""

    __tablename__ = "case_history"
    __table_args__ = (
        CheckConstraint(one_of("status", ("accepted", "stale")), name="status"),
        CheckConstraint(one_of("phase", PHASES), name="phase"),
        CheckConstraint("length(sequence) = 20", name="sequence"),
        Index("ix_case_history_case_sequence", "case_id", "sequence"),
    )

    history_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("resident_case.case_id"))
    event_id: Mapped[str] = mapped_column(String(128))
    sequence: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(8))
    gap: Mapped[bool] = mapped_column(default=False)
    """Whether a sequence number before this one had not come in."""
    phase: Mapped[str] = mapped_column(String(20))
    label: Mapped[Any] = mapped_column(Texts, nullable=True)
    reason: Mapped[Any] = mapped_column(Texts, nullable=True)
    facts: Mapped[Any] = mapped_column(JsonText, nullable=True)
    """Everything else the event said, without the resident."""
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
