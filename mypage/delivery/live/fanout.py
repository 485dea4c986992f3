"""From the outbox to the live bus: what the open pages of a resident are to fetch again, and which logins are over."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from idp.front.logins import on_session_end
from idp.front.storage import BusAwayError, Job, Parts, RetryLaterError, enqueue

from ...families.unit_of_work import TOPIC
from .channels import resident_channel, session_channel

ENDED_TOPIC = "mypage.session_ended"


def install_fanout(instance: Parts) -> None:
    """Have the delivery loop hand changes to the live bus. Payload: `{"changes": [{"resident_id", "fragments"}]}`."""

    def tell_changes(job: Job) -> None:
        for change in job.payload["changes"]:
            _publish(instance, resident_channel(change["resident_id"]), {"fragments": change["fragments"]})

    def tell_ended(job: Job) -> None:
        for session_id in job.payload["sessions"]:
            _publish(instance, session_channel(session_id), {"ended": session_id})

    instance.worker.handles(TOPIC, tell_changes)
    instance.worker.handles(ENDED_TOPIC, tell_ended)
    on_session_end(remember_ended)


def remember_ended(session: Session, session_ids: list[str]) -> None:
    """Within the transaction that ends logins: their live streams are to end, too."""
    if session_ids:
        enqueue(session, ENDED_TOPIC, {"sessions": session_ids})


def _publish(instance: Parts, channel: str, message: dict[str, Any]) -> None:
    try:
        instance.bus.publish(channel, message)
    except BusAwayError:
        # A page told twice fetches twice; a page not told would stay old.
        raise RetryLaterError("the live bus does not answer") from None
