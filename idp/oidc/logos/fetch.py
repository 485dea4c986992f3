"""An app's logo (OIDC Registration §2, `logo_uri`): fetched by us, at registration, at a change and every day, never by a page.

A resident's browser asks only us, so that no app learns when somebody looks at its name. What cannot be had or is no picture we take
(`picture.py`) leaves the app without a logo, and its registration as it is.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any

import orjson
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ...foundation import clock
from ...foundation.after_commit import wake_worker_after_commit
from ...foundation.housekeeping import cleans_up
from ...foundation.outbound import Bulkhead, OutboundError
from ...foundation.outbox import Job, RetryLaterError, enqueue
from ...foundation.refusals import MAX_REASON, Refusal
from ...foundation.telemetry import new_reference
from ..clients.model import Client
from ..server import Provider
from .model import ClientLogo
from .picture import NotTakenError, media_type_of

log = logging.getLogger("machi.logos")

TOPIC = "oidc.logo"
MAX_BYTES = 256 * 1024
SECONDS = 5.0
TRIES = 3
"""The next day's come anyway."""

# Nobody waits for these; how many run beside each other is up to the outbox's lanes.
_ROOM = Bulkhead(in_all=64, to_one_host=64)


def logo_uri(metadata: dict[str, Any]) -> str | None:
    """One for all languages: the plain one, else the one in Japanese, else in English."""
    return next((uri for tag in ("", "#ja", "#en") if (uri := metadata.get(f"logo_uri{tag}"))), None)


def follow_logo(session: Session, row: Client) -> None:
    """After an app was registered or changed, in its transaction: forget what another address gave, and have this one's fetched."""
    uri = logo_uri(orjson.loads(row.metadata_json))
    held = session.scalar(select(ClientLogo.uri).where(ClientLogo.client_id == row.client_id))
    if held != uri:
        _forget(session, row)
        if uri is not None:
            enqueue(session, TOPIC, {"client_id": row.client_id}, lane=row.client_id)
            wake_worker_after_commit(session)


@cleans_up
def fetch_anew(session: Session) -> None:
    """Every day: what active apps show may have changed, or can be had again; apps that ended show nothing."""
    for row in session.scalars(select(Client).where(Client.logo_digest.is_not(None), Client.active.is_(False))):
        _forget(session, row)
    named = select(Client.client_id).where(Client.active.is_(True), Client.metadata_json.contains('"logo_uri'))
    for client_id in session.scalars(named):
        enqueue(session, TOPIC, {"client_id": client_id}, lane=client_id)


def deliver(op: Provider, job: Job) -> None:
    """Outbox handler. A server that is away keeps the copy we have; one that answers with no picture has none."""
    client_id = job.payload["client_id"]
    with op.parts.database.read() as session:
        uri = _wanted(session.get(Client, client_id))
    if uri is None:
        return
    try:
        answer = op.parts.outbound.get(uri, _ROOM, timeout=SECONDS, max_bytes=MAX_BYTES)
        if answer.status >= 500:
            raise OutboundError(f"status {answer.status}")
    except OutboundError as error:
        _say(op, client_id, f"not fetched: {error}")
        if job.attempts + 1 < TRIES:
            raise RetryLaterError(str(error)) from None
        return
    picture = None
    try:
        if answer.status != 200:
            raise NotTakenError(f"status {answer.status}")
        picture = (media_type_of(answer.body), answer.body)
    except NotTakenError as error:
        _say(op, client_id, str(error))
    with op.parts.database.write() as session:
        _keep(session, client_id, uri, picture)
    op.clients.forget(client_id)


def _say(op: Provider, client_id: str, reason: str) -> None:
    """In the log, and at the desk beside what the app was refused: why people do not see its logo."""
    reference = new_reference()
    log.info("no logo of %s: %s (%s)", client_id, reason, reference)
    op.parts.refusals.add(client_id, "logo_uri", Refusal("logo_not_taken", reason[:MAX_REASON]), 1, reference)


def _wanted(row: Client | None) -> str | None:
    return logo_uri(orjson.loads(row.metadata_json)) if row is not None and row.active else None


def _keep(session: Session, client_id: str, uri: str, picture: tuple[str, bytes] | None) -> None:
    row = session.get(Client, client_id, with_for_update=True)
    if row is None or _wanted(row) != uri:
        return  # changed meanwhile: that change has its own job
    _forget(session, row)
    if picture is not None:
        kind, body = picture
        row.logo_digest = hashlib.sha256(body).hexdigest()
        session.add(
            ClientLogo(
                client_id=client_id,
                uri=uri,
                digest=row.logo_digest,
                media_type=kind,
                body=body,
                fetched_at=clock.now(),
            )
        )


def _forget(session: Session, row: Client) -> None:
    row.logo_digest = None
    session.execute(delete(ClientLogo).where(ClientLogo.client_id == row.client_id))
