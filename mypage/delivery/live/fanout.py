"""From the outbox to the journal: what the open pages of a resident are to fetch again, and which logins are over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import orjson
from sqlalchemy.orm import Session

from idp.front.logins import on_session_end
from idp.front.storage import BusUnavailableError, Job, Parts, RetryLaterError, enqueue

from ...families import families
from ...posted import Channel, Posted
from .words import seal_words

TOPIC = "mypage.changed"
ENDED_TOPIC = "mypage.session_ended"
RESIDENTS = 500
"""Told by one entry of the journal."""


def tell_changes(instance: Parts, postings: Sequence[Posted]) -> None:
    """Fragments that changed, once for a resident however many events there were: `{"told": [[resident ids, fragments], …]}`."""
    changed: dict[str, dict[str, None]] = {}
    for posting in postings:
        changed.setdefault(posting.resident_id, {}).update(dict.fromkeys(posting.fragments))
    for words, residents in _by_words(instance, postings).items():
        told = {resident_id: changed.pop(resident_id) for resident_id in residents if resident_id in changed}
        _tell(instance, told, {"words": words})
    _tell(instance, changed, {})


def _tell(instance: Parts, changed: Mapping[str, Mapping[str, None]], more: dict[str, str]) -> None:
    residents = iter(changed.items())
    while some := list(islice(residents, RESIDENTS)):
        alike: dict[tuple[str, ...], list[str]] = {}
        for resident_id, fragments in some:
            alike.setdefault(tuple(fragments), []).append(resident_id)
        told = [[resident_ids, fragments] for fragments, resident_ids in alike.items()]
        _append(instance, {"told": told, **more})


def _by_words(instance: Parts, postings: Sequence[Posted]) -> dict[str, list[str]]:
    """Residents by the words, sealed, that many of them are told: their pages need not all fetch at once to show them."""
    told: dict[str, dict[str, str]] = {}
    for posting in postings:
        for item in posting.items:
            told.setdefault(item.family, {})[item.row_id] = posting.resident_id
    found: dict[bytes, list[str]] = {}
    for family in families():
        if family.said_to_many is None or family.name not in told:
            continue
        rows = told[family.name]
        with instance.database.read() as session:
            said = family.said_to_many(session, rows)
        for row_id, words in said.items():
            found.setdefault(orjson.dumps(words), []).append(rows[row_id])
    return {seal_words(instance, plain): residents for plain, residents in found.items()}


def _wanted(posting: Posted) -> Posted:
    if not posting.items:
        return posting
    speaking = {family.name for family in families() if family.said_to_many is not None}
    return replace(posting, items=tuple(item for item in posting.items if item.family in speaking))


LIVE = Channel(topic=TOPIC, wants=_wanted, deliver=tell_changes)
"""Every posting, for whoever has a page open: which fragments, never what they say, but for what is said to many in the same words."""


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
    except BusUnavailableError:
        # A page told twice fetches twice; a page not told would stay old.
        raise RetryLaterError("the live bus does not answer") from None
