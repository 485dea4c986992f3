"""From the outbox to the journal: what the open pages of a resident are to fetch again, and which logins are over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from idp.front.logins import on_session_end
from idp.front.storage import BusAwayError, Job, Parts, RetryLaterError, enqueue

from ...posted import Channel, Posted

TOPIC = "mypage.changed"
ENDED_TOPIC = "mypage.session_ended"
RESIDENTS = 500
"""Told by one entry of the journal."""


def tell_changes(instance: Parts, postings: Sequence[Posted]) -> None:
    """Fragments that changed, once for a resident however many events there were: `{"told": [[resident ids, fragments], …]}`."""
    changed: dict[str, dict[str, None]] = {}
    for posting in postings:
        changed.setdefault(posting.resident_id, {}).update(dict.fromkeys(posting.fragments))
    residents = iter(changed.items())
    while some := list(islice(residents, RESIDENTS)):
        alike: dict[tuple[str, ...], list[str]] = {}
        for resident_id, fragments in some:
            alike.setdefault(tuple(fragments), []).append(resident_id)
        _append(instance, {"told": [[resident_ids, fragments] for fragments, resident_ids in alike.items()]})


LIVE = Channel(topic=TOPIC, wants=lambda posting: replace(posting, items=()), deliver=tell_changes)
"""Every posting, for whoever has a page open: which fragments, never what they say."""


def install_fanout(instance: Parts) -> None:
    """Have the delivery loop tell the pages of a login that it is over."""

    def tell_ended(job: Job) -> None:
        _append(instance, {"ended": job.payload["sessions"]})

    instance.worker.handles(ENDED_TOPIC, tell_ended)
    on_session_end(remember_ended)


def remember_ended(session: Session, session_ids: list[str]) -> None:
    """Within the transaction that ends logins: their live streams are to end, too."""
    if session_ids:
        enqueue(session, ENDED_TOPIC, {"sessions": session_ids})


def _append(instance: Parts, entry: dict[str, Any]) -> None:
    try:
        instance.journal.append(entry)
    except BusAwayError:
        # A page told twice fetches twice; a page not told would stay old.
        raise RetryLaterError("the live bus does not answer") from None
