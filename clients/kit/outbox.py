"""Events that are to be sent, in the app's own database: written with the change they tell of, sent, kept."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from .database import Database, Row, Transaction

JST = timezone(timedelta(hours=9))
MAX_EVENT = 256 * 1024
MAX_BATCH = 500
MAX_BATCH_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one event is doing.

    `state`: `waiting`, `sent` (`result`: accepted, duplicate, stale, held) or `rejected` (`problem` says why).
    """

    id: str
    subject: str
    type: str
    state: str
    result: str | None
    problem: str | None
    attempts: int
    created_at: datetime
    done_at: datetime | None


def enqueue(
    tx: Transaction,
    *,
    source: str,
    type_: str,
    subject: str,
    data: dict[str, Any],
    at: datetime,
    expiry: datetime | None,
) -> str:
    """Write one event and return its id. The sequence number is per subject, without gaps, in commit order."""
    row = tx.one(
        "INSERT INTO kit_sequence (subject, last) VALUES (?, 1)"
        " ON CONFLICT (subject) DO UPDATE SET last = last + 1 RETURNING last",
        (subject,),
    )
    assert row is not None  # noqa: S101 - RETURNING of an upsert always gives a row
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": source,
        "type": type_,
        "subject": subject,
        "time": at.isoformat(timespec="milliseconds"),
        "sequence": f"{row['last']:020d}",
        "datacontenttype": "application/json",
        "data": data,
    }
    if expiry is not None:
        event["expirytime"] = expiry.isoformat(timespec="milliseconds")
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    if len(body.encode()) > MAX_EVENT:
        raise ValueError("an event must not be larger than 256 KB")
    tx.execute(
        "INSERT INTO kit_outbox (id, subject, type, body, created_at) VALUES (?, ?, ?, ?, ?)",
        (event["id"], subject, type_, body, time.time()),
    )
    return str(event["id"])


def next_batch(database: Database) -> list[Row]:
    """The oldest waiting events, in the order they were written, as many as one request may carry."""
    rows = database.all(
        "SELECT position, id, subject, body FROM kit_outbox WHERE state = 'waiting' ORDER BY position LIMIT ?",
        (MAX_BATCH,),
    )
    size = 0
    for count, row in enumerate(rows):
        size += len(row["body"].encode()) + 1
        if size > MAX_BATCH_BYTES and count:
            return rows[:count]
    return rows


def settle(tx: Transaction, event_id: str, *, result: str | None = None, problem: dict[str, Any] | None = None) -> None:
    """Record my page's answer: a result, or a problem (RFC 9457) that sending again would not mend."""
    state = "rejected" if problem is not None else "sent"
    text = json.dumps(problem, ensure_ascii=False) if problem is not None else None
    tx.execute(
        "UPDATE kit_outbox SET state = ?, result = ?, problem = ?, attempts = attempts + 1, done_at = ? WHERE id = ?",
        (state, result, text, time.time(), event_id),
    )


def note_attempt(database: Database, ids: list[str], why: str) -> None:
    """Record that sending failed for a reason that passes; the events stay in line."""
    with database.transaction() as tx:
        for event_id in ids:
            tx.execute("UPDATE kit_outbox SET attempts = attempts + 1, problem = ? WHERE id = ?", (why, event_id))


def deliveries(database: Database, subject: str) -> list[Delivery]:
    """All events about a case, notice or task, newest first."""
    rows = database.all("SELECT * FROM kit_outbox WHERE subject = ? ORDER BY position DESC", (subject,))
    return [read_delivery(row) for row in rows]


def read_delivery(row: Row) -> Delivery:
    """A row of the outbox without the event itself."""
    problem = row["problem"]
    if problem and problem.startswith("{"):
        parts = json.loads(problem)
        problem = " ".join(str(parts[key]) for key in ("status", "title", "detail") if parts.get(key)) or problem
    return Delivery(
        row["id"],
        row["subject"],
        row["type"],
        row["state"],
        row["result"],
        problem,
        row["attempts"],
        datetime.fromtimestamp(row["created_at"], JST),
        datetime.fromtimestamp(row["done_at"], JST) if row["done_at"] else None,
    )
