"""Questions of departments (CIBA) that wait for a resident's word right now."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ...foundation import clock
from ..clients.model import Client
from .model import PENDING, BackchannelRequest

SHOWN = 20


def waiting_for(session: Session, resident_id: str) -> list[BackchannelRequest]:
    """Only the resident's own, newest first, at most 20."""
    wanted = select(BackchannelRequest).where(*_waiting(resident_id))
    return list(session.scalars(wanted.order_by(BackchannelRequest.created_at.desc()).limit(SHOWN)))


def approvals_waiting(session: Session, resident_id: str) -> int:
    """How many there are."""
    wanted = select(func.count()).select_from(BackchannelRequest).where(*_waiting(resident_id))
    return int(session.scalar(wanted) or 0)


def _waiting(resident_id: str) -> tuple[ColumnElement[bool], ...]:
    asking = select(Client.client_id).where(Client.active.is_(True))
    return (
        BackchannelRequest.resident_id == resident_id,
        BackchannelRequest.state == PENDING,
        BackchannelRequest.expires_at > clock.now(),
        BackchannelRequest.client_id.in_(asking),
    )
