"""The topic "posted": something on a resident's pages is new or has changed. Who posts says what; channels subscribe.

Nothing here knows a channel by name, and no channel knows who posts. A posting is written in the transaction that makes it true, as a
row of the outbox for each channel that wants it, so that a channel that is away holds up no other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from idp.front.storage import ENQUEUE, Change, Job, Parts, enqueue, job

Importance = Literal["low", "normal", "high", "emergency"]


@dataclass(frozen=True, slots=True)
class Item:
    """A row that is worth a word to someone who has no page open. What it says is read when it is told."""

    family: str
    row_id: str
    importance: Importance


@dataclass(frozen=True, slots=True)
class Posted:
    """What is new for one resident: the parts of pages that show it, and the items; without any it shows on open pages only."""

    resident_id: str
    fragments: tuple[str, ...]
    items: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Channel:
    """A way to tell residents. `wants` gives what of a posting the channel needs, or None.

    `deliver` gets the postings of one or more transactions, oldest first, and bears getting them twice; it raises `RetryLaterError` if
    they are to come again. `slow`: it waits for others' servers.
    """

    topic: str
    """Of its rows in the outbox."""
    wants: Callable[[Posted], Posted | None]
    deliver: Callable[[Parts, Sequence[Posted]], None]
    slow: bool = False


_channels: dict[str, Channel] = {}


def subscribe(channel: Channel) -> None:
    """Call once for a channel, before the application is built."""
    if channel.topic in _channels:
        raise ValueError(f"there is a channel {channel.topic} already")
    _channels[channel.topic] = channel


@contextmanager
def subscribed(channel: Channel) -> Iterator[None]:
    """For a while only."""
    subscribe(channel)
    try:
        yield
    finally:
        del _channels[channel.topic]


def topics() -> list[str]:
    """Of the rows that a posting may leave in the outbox: whose loops to wake."""
    return list(_channels)


def install_channels(instance: Parts) -> None:
    """Have the delivery loop hand each channel what it wants."""
    for channel in _channels.values():
        instance.worker.handles_together(channel.topic, _handler(instance, channel), slow=channel.slow)


def post(session: Session, postings: Collection[Posted], at: datetime | None = None) -> None:
    """Within the transaction that changes what residents see; `at`: told then, not now. Wake the worker after the commit."""
    for topic, payload in _jobs(postings):
        enqueue(session, topic, payload, at)


def _jobs(postings: Iterable[Posted]) -> Iterator[tuple[str, dict[str, Any]]]:
    told = list(postings)
    for channel in _channels.values():
        if wanted := [want for posting in told if (want := channel.wants(posting)) is not None]:
            yield channel.topic, {"changes": [_written(posting) for posting in wanted]}


def _handler(instance: Parts, channel: Channel) -> Callable[[Sequence[Job]], None]:
    return lambda jobs: channel.deliver(instance, [_read(line) for one in jobs for line in one.payload["changes"]])


def _written(posting: Posted) -> dict[str, Any]:
    written: dict[str, Any] = {"resident_id": posting.resident_id, "fragments": posting.fragments}
    if posting.items:
        written["items"] = [[item.family, item.row_id, item.importance] for item in posting.items]
    return written


def _read(line: dict[str, Any]) -> Posted:
    return Posted(line["resident_id"], tuple(line["fragments"]), tuple(Item(*item) for item in line.get("items", ())))


class Postings:
    """What one transaction will post, gathered: one posting for a resident and a time, however many rows changed."""

    def __init__(self) -> None:
        self._gathered: dict[datetime | None, dict[str, tuple[dict[str, None], list[Item]]]] = {}

    def add(
        self, resident_id: str, fragments: Iterable[str], item: Item | None = None, at: datetime | None = None
    ) -> None:
        """Pages of this resident that show one of `fragments` have something new, now or at a time to come."""
        shown, items = self._gathered.setdefault(at, {}).setdefault(resident_id, ({}, []))
        shown.update(dict.fromkeys(fragments))
        if item is not None:
            items.append(item)

    def changes(self) -> list[Change]:
        """The rows of the outbox that tell the channels."""
        rows = [
            job(topic, payload, at)
            for at, residents in self._gathered.items()
            for topic, payload in _jobs(
                Posted(r, tuple(shown), tuple(items)) for r, (shown, items) in residents.items()
            )
        ]
        return [(ENQUEUE, rows)]
