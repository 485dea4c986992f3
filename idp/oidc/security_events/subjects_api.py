"""Add and remove a subject (SSF §8.1.3): a stream is about everybody the app knows, except those it removed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from sqlalchemy import delete
from sqlalchemy.orm import Session

from ...foundation.database import insert_if_absent
from ...foundation.ids import is_subject
from ...foundation.web.callers import Caller, called_by
from ...foundation.web.errors import ProblemError
from ...residents import subjects
from ..server import NO_STORE, provider
from ..token_endpoint import ApiClient
from .caller import document, for_machines, managing_client, own_stream
from .model import IgnoredSubject

bp = Blueprint("event_stream_subjects", __name__)


@bp.post("/ssf/subjects/add")
@called_by(Caller.BEARER)
@for_machines
def add() -> Response:
    """Hear of this resident again: 200, empty (§8.1.3.2)."""
    client, given = managing_client(), document()
    with provider().parts.database.write() as session:
        stream_id, sub = _named(session, client, given)
        session.execute(delete(IgnoredSubject).where(IgnoredSubject.stream_id == stream_id, IgnoredSubject.sub == sub))
    return Response(status=200, headers=NO_STORE)


@bp.post("/ssf/subjects/remove")
@called_by(Caller.BEARER)
@for_machines
def remove() -> Response:
    """Hear no more of this resident: 204 (§8.1.3.3)."""
    client, given = managing_client(), document()
    with provider().parts.database.write() as session:
        stream_id, sub = _named(session, client, given)
        insert_if_absent(session, IgnoredSubject, ["stream_id", "sub"], {"stream_id": stream_id, "sub": sub})
    return Response(status=204, headers=NO_STORE)


def _named(session: Session, client: ApiClient, given: dict[str, Any]) -> tuple[str, str]:
    """Stream and `sub`. Raises 400 for no subject, 404 for one that is not the app's: another app's is as good as none."""
    stream = own_stream(session, client.client_id, given.get("stream_id"))
    subject = given.get("subject")
    if not isinstance(subject, dict) or not isinstance(subject.get("format"), str):
        raise ProblemError(400, "invalid_request", "subject is not a subject identifier (RFC 9493).")
    if subject["format"] != "iss_sub":
        raise ProblemError(404, "unknown_subject", "Residents are known by iss_sub only.")
    issuer, sub = subject.get("iss"), subject.get("sub")
    if not isinstance(issuer, str) or not isinstance(sub, str):
        raise ProblemError(400, "invalid_request", "subject lacks iss or sub (RFC 9493 §3.2.3).")
    known = issuer == provider().parts.settings.issuer and is_subject(sub)
    if not known or subjects.resident_of(session, sub, client.sector) is None:
        raise ProblemError(404, "unknown_subject", "This client knows no such subject.")
    return stream.stream_id, sub
