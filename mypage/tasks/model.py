"""Tasks of residents."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, get_args

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.front.storage import Base

from ..columns import Members, Texts, one_of

Result = Literal["done", "cancelled", "expired"]
STATES: tuple[str, ...] = ("open", *get_args(Result))
TEMPLATES = ("your_turn",)
_OPEN_TURN = text("template IS NOT NULL AND state = 'open'")


class Task(Base):
    """One thing to do: opened by a department (`subject`), or derived from a case (`template`)."""

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("client_id", "subject"),
        CheckConstraint(one_of("state", STATES), name="state"),
        CheckConstraint(one_of("template", TEMPLATES), name="template"),
        CheckConstraint("(subject IS NULL) <> (template IS NULL)", name="opened_or_derived"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed_has_time"),
        Index("ix_task_resident_state", "resident_id", "state"),
        Index(
            "uq_task_open_turn",
            "client_id",
            "related_case",
            unique=True,
            sqlite_where=_OPEN_TURN,
            postgresql_where=_OPEN_TURN,
        ),
    )

    task_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str | None] = mapped_column(String(200))
    """The department's own number of the task; none when derived."""
    resident_id: Mapped[str] = mapped_column(ForeignKey("resident.resident_id"))
    sequence: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10))
    title: Mapped[Any] = mapped_column(Texts, nullable=True)
    body: Mapped[Any] = mapped_column(Texts, nullable=True)
    template: Mapped[str | None] = mapped_column(String(20))
    params: Mapped[Any] = mapped_column(Members, nullable=True)
    related_case: Mapped[str | None] = mapped_column(String(200))
    """The department's number of the case; the case may come later."""
    due: Mapped[date | None] = mapped_column(Date)
    action: Mapped[Any] = mapped_column(Members, nullable=True)
    """`{"kind", "label", "url"?}`"""
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
