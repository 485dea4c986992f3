"""From the outbox to the live bus: what the open pages of a resident are to fetch again, and which logins are over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from idp.front.logins import on_session_end
from idp.front.storage import BusAwayError, Job, Parts, RetryLaterError, enqueue

from ...posted import Channel, Posted
from .channels import resident_channel, session_channel

TOPIC = "mypage.changed"
ENDED_TOPIC = "mypage.session_ended"


def tell_changes(instance: Parts, postings: Sequence[Posted]) -> None:
    """One message for a resident, however many events there were."""
    changed: dict[str, dict[str, None]] = {}
    for posting in postings:
        changed.setdefault(posting.resident_id, {}).update(dict.fromkeys(posting.fragments))
    for resident_id, fragments in changed.items():
        _publish(instance, resident_channel(resident_id), {"fragments": list(fragments)})


LIVE = Channel(topic=TOPIC, wants=lambda posting: replace(posting, items=()), deliver=tell_changes)
"""Every posting, for whoever has a page open: which fragments, never what they say."""


def install_fanout(instance: Parts) -> None:
    """Have the delivery loop tell the pages of a login that it is over."""

    def tell_ended(job: Job) -> None:
        for session_id in job.payload["sessions"]:
            _publish(instance, session_channel(session_id), {"ended": session_id})

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
