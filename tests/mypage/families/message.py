"""A family that the product does not have: what departments write to a resident. Everything about it is in this module."""

from __future__ import annotations

from typing import Any, Literal

from flask import Blueprint, Response, render_template_string
from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.front.logins import current_login
from idp.front.storage import Base, new_id, parts
from idp.front.web import Caller, called_by
from mypage.columns import Texts
from mypage.families import EventType, Family, NavigationEntry, OnHome, Status, Store, UnitOfWork, order_of
from mypage.posted import Item
from mypage.wire.event import Envelope
from mypage.wire.example import RESIDENT, example
from mypage.wire.resident import Resident
from mypage.wire.values import Moment, Part, ShortText


class Message(Base):
    __tablename__ = "invented_message"
    __table_args__ = (UniqueConstraint("client_id", "subject"),)

    message_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200))
    resident_id: Mapped[str] = mapped_column(ForeignKey("resident.resident_id"))
    sequence: Mapped[str] = mapped_column(String(20))
    words: Mapped[Any] = mapped_column(Texts)


# Only the tests that invent the family have its table: no migration makes it.
TABLE = Message.__table__
Base.metadata.remove(TABLE)  # type: ignore[arg-type]

MESSAGES = Store(Message, "subject")


class MessageData(Part):
    resident: Resident
    words: ShortText


class MessageWritten(Envelope):
    """A department writes."""

    type: Literal["jp.machi.message.written.v1"]
    time: Moment
    data: MessageData


def apply_written(unit: UnitOfWork, event: MessageWritten, resident_id: str | None) -> tuple[Status, bool]:
    message = unit.rows(MESSAGES).get(event.subject)
    gap = False
    if message is None:
        message = {"message_id": new_id(), "client_id": unit.client_id, "subject": event.subject}
        message |= {"resident_id": resident_id}
    else:
        stale, gap = order_of(message, event, resident_id)
        if stale:
            return "stale", False
    message |= {"sequence": event.sequence, "words": event.data.words}
    unit.rows(MESSAGES).put(message)
    item = Item("message", message["message_id"], "normal")
    unit.postings.add(message["resident_id"], ("home", "messages", "badges"), item)
    return "accepted", gap


bp = Blueprint("my_messages", __name__)


def written_to(session: Session, resident_id: str) -> dict[str, Any]:
    found = session.scalars(select(Message).where(Message.resident_id == resident_id))
    return {"messages": [message.words["ja"] for message in found]}


@bp.get("/my/messages")
@called_by(Caller.RESIDENT)
def index() -> Response:
    with parts().database.read() as session:
        found = written_to(session, current_login().resident_id)
    return Response(render_template_string("{% for words in messages %}<p>{{ words }}</p>{% endfor %}", **found))


def forget_all(session: Session) -> None:
    session.execute(delete(Message))


MESSAGE = Family(
    name="message",
    store=MESSAGES,
    types=(
        EventType(
            "jp.machi.message.written.v1",
            MessageWritten,
            apply_written,
            example("message.written", "M-1", {"resident": RESIDENT, "words": {"ja": "書類が届きました"}}),
            begins=True,
        ),
    ),
    pages=(bp,),
    entry=NavigationEntry(
        "messages",
        "my_messages.index",
        "Messages",
        icon="notices",
        count=lambda resident_id: select(func.count()).select_from(Message).where(Message.resident_id == resident_id),
        count_means="unread",
    ),
    on_home=OnHome(written_to, "message_home.html"),
    forgets=(forget_all,),
)
