"""Notices on residents' pages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, get_args

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.front.storage import Base

from ..columns import Members, Texts, one_of

Kind = Literal["information", "request", "payment", "invitation", "decision", "emergency"]
Importance = Literal["low", "normal", "high"]
KINDS: tuple[str, ...] = get_args(Kind)
IMPORTANCES: tuple[str, ...] = get_args(Importance)
OF_CASES = ("action_required", "decided")
OF_SECURITY = (
    "refresh_reused",
    "passkey_added",
    "passkey_removed",
    "card_bound",
    "credential_held",
    "device_connected",
)
TEMPLATES = OF_CASES + OF_SECURITY


class Notice(Base):
    """One notice for one resident: sent by a department (`subject`), derived from one of its cases, or the city's own word about the
    security of the ID (`template`)."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("client_id", "subject"),
        CheckConstraint(one_of("kind", KINDS), name="kind"),
        CheckConstraint(one_of("importance", IMPORTANCES), name="importance"),
        CheckConstraint(one_of("template", TEMPLATES), name="template"),
        CheckConstraint("(subject IS NULL) <> (template IS NULL)", name="sent_or_derived"),
        CheckConstraint("subject IS NULL OR title IS NOT NULL", name="sent_has_title"),
        CheckConstraint(
            f"(client_id IS NULL) = ({one_of('template', OF_SECURITY)} AND template IS NOT NULL)", name="sender"
        ),
        Index("ix_notice_resident_published", "resident_id", "published_at"),
    )

    notice_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    client_id: Mapped[str | None] = mapped_column(String(64))
    """The department's client; none when the city itself speaks."""
    subject: Mapped[str | None] = mapped_column(String(200))
    """The department's own number of the notice; none when derived."""
    resident_id: Mapped[str] = mapped_column(ForeignKey("resident.resident_id"))
    sequence: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(16))
    importance: Mapped[str] = mapped_column(String(6))
    title: Mapped[Any] = mapped_column(Texts, nullable=True)
    body: Mapped[Any] = mapped_column(Texts, nullable=True)
    discreet_text: Mapped[Any] = mapped_column(Texts, nullable=True)
    template: Mapped[str | None] = mapped_column(String(20))
    """Derived: which wording, filled with `params` when it is shown."""
    params: Mapped[Any] = mapped_column(Members, nullable=True)
    related_case: Mapped[str | None] = mapped_column(String(200))
    """The department's number of the case; the case may come later."""
    requires_ack: Mapped[bool] = mapped_column(default=False)
    act_by: Mapped[date | None] = mapped_column(Date)
    words: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]
    """From when it is shown; may be in the future."""
    expires_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    disowned_at: Mapped[datetime | None]
    """When the resident said "this was not me"; only for notices about the security of the ID."""
    recorded_at: Mapped[datetime]
