"""Signing keys and the right to register: two short pages."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import delete, select

from ..audit import AuditEventType, record
from ..foundation import clock
from ..foundation.context import parts
from ..foundation.web.errors import ProblemError
from ..oidc.jose import KEEP_RETIRED, SETTLE, key_algorithms, rotate
from ..oidc.jose.model import SigningKey
from ..oidc.registration import issue_initial_access_token
from ..oidc.registration.model import InitialAccessToken
from ..staff import Duty, current_staff, require_staff
from .page import show

bp = Blueprint("desk_keys", __name__, url_prefix="/desk")


@bp.get("/keys")
@require_staff(Duty.KEYS)
def keys() -> Response:
    """Each key, its state, and when the next step of rotation may be taken."""
    with parts().database.read() as session:
        rows = session.scalars(select(SigningKey).order_by(SigningKey.alg, SigningKey.created_at.desc())).all()
    waiting = [row.created_at + SETTLE for row in rows if row.state == "published"]
    ready_at = max(waiting) if waiting else None
    return show(
        "keys",
        "keys",
        keys=rows,
        opening=key_algorithms.ENCRYPTION_ALGORITHMS,
        ready_at=ready_at,
        ready=ready_at is None or ready_at <= clock.now(),
        gone={row.kid: row.retired_at + KEEP_RETIRED for row in rows if row.retired_at is not None},
        done=request.args.get("done"),
    )


@bp.post("/keys/rotate")
@require_staff(Duty.KEYS)
def next_step() -> ResponseReturnValue:
    """Publish new keys, or let the published ones sign."""
    with parts().database.write() as session:
        steps = rotate(session, parts().vault)
        record(session, AuditEventType.STAFF_ACTED, staff=current_staff().staff_id, did="keys_rotated")
    return redirect(url_for("desk_keys.keys", done=steps[0].did), 303)


@bp.get("/tokens")
@require_staff(Duty.APPS)
def tokens() -> Response:
    """Initial access tokens that still count, without their values."""
    return _tokens()


@bp.post("/tokens")
@require_staff(Duty.APPS)
def issue() -> ResponseReturnValue:
    """A new one, shown on the answer and nowhere else."""
    note, uses, days = (request.form.get(name, "").strip() for name in ("note", "uses", "days"))
    if not (note and _between(1, uses, 1000) and _between(1, days, 90)):
        raise ProblemError(400, "malformed", "A note, 1 to 1000 uses and 1 to 90 days are needed.")
    with parts().database.write() as session:
        token = issue_initial_access_token(session, note, int(uses), timedelta(days=int(days)))
        record(session, AuditEventType.STAFF_ACTED, staff=current_staff().staff_id, did="initial_access_token_issued")
    return _tokens(token)


@bp.post("/tokens/end")
@require_staff(Duty.APPS)
def end_token() -> ResponseReturnValue:
    """Take a right to register away."""
    with parts().database.write() as session:
        session.execute(
            delete(InitialAccessToken).where(InitialAccessToken.token_digest == request.form.get("token", ""))
        )
        record(session, AuditEventType.STAFF_ACTED, staff=current_staff().staff_id, did="initial_access_token_ended")
    return redirect(url_for("desk_keys.tokens"), 303)


def _between(least: int, text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and least <= int(text) <= most


def _tokens(fresh: str | None = None) -> Response:
    with parts().database.read() as session:
        rows = session.scalars(
            select(InitialAccessToken)
            .where(InitialAccessToken.expires_at > clock.now(), InitialAccessToken.uses_left > 0)
            .order_by(InitialAccessToken.expires_at)
        ).all()
    return show("tokens", "tokens", tokens=rows, fresh=fresh)
