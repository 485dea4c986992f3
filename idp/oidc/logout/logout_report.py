"""Which apps could not be reached when a login ended: what the signed-out page looks up shortly after.

The page carries a signed ticket naming the deliveries, so nothing is stored for it, and nobody else's ticket can be made up.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...foundation.outbox import OutboxRow
from ...foundation.web.cookies import browser_digest
from ..grants import LOGOUT_TOPIC
from ..server import Provider

_PURPOSE = "logout-report"
MAX_TICKET = 8000


@dataclass(frozen=True)
class LogoutReport:
    """`failed`: client ids that did not answer yet were tried; `pending`: not tried yet."""

    failed: list[str]
    pending: list[str]


def deliveries_since(session: Session, session_id: str, since: datetime) -> dict[int, str]:
    """Back-channel deliveries queued in this transaction for this login: outbox id to client id."""
    rows = session.execute(
        select(OutboxRow.id, OutboxRow.payload).where(
            OutboxRow.topic == LOGOUT_TOPIC, OutboxRow.due_at >= since, OutboxRow.payload.contains(session_id)
        )
    )
    return {row.id: orjson.loads(row.payload)["client_id"] for row in rows}


def issue_ticket(op: Provider, deliveries: dict[int, str]) -> str:
    """For this browser only."""
    body = base64.urlsafe_b64encode(orjson.dumps([[i, c] for i, c in deliveries.items()])).decode().rstrip("=")
    return f"{body}.{op.parts.vault.sign(_PURPOSE, f'{browser_digest()} {body}')}"


def read_ticket(op: Provider, ticket: str) -> dict[int, str] | None:
    """None for one that is not ours or another browser's."""
    body, _, signature = ticket.partition(".")
    if len(ticket) > MAX_TICKET or not op.parts.vault.signed(_PURPOSE, f"{browser_digest()} {body}", signature):
        return None
    try:
        return dict(orjson.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))
    except (ValueError, binascii.Error):
        return None


def report(op: Provider, deliveries: dict[int, str]) -> LogoutReport:
    """How the deliveries stand. A row that is gone was delivered."""
    with op.parts.database.read() as session:
        tries = {
            row.id: row.attempts
            for row in session.execute(
                select(OutboxRow.id, OutboxRow.attempts).where(OutboxRow.id.in_(list(deliveries)))
            )
        }
    waiting = {i: client_id for i, client_id in deliveries.items() if i in tries}
    return LogoutReport(
        failed=[c for i, c in waiting.items() if tries[i] > 0],
        pending=[c for i, c in waiting.items() if tries[i] == 0],
    )
