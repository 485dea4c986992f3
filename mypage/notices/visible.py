"""Which notices are on a resident's page now."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_

from idp.front.storage import clock

from .model import Notice


def visible(resident_id: str) -> list[ColumnElement[bool]]:
    """Those of this resident."""
    return [Notice.resident_id == resident_id, *shown_now()]


def shown_now() -> list[ColumnElement[bool]]:
    """Published, not withdrawn, not expired."""
    now = clock.now()
    return [
        Notice.published_at <= now,
        Notice.withdrawn_at.is_(None),
        or_(Notice.expires_at.is_(None), Notice.expires_at > now),
    ]
