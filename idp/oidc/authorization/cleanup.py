"""Pushed requests that are over."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ...foundation import clock
from ...foundation.housekeeping import cleans_up
from .model import PushedRequest


@cleans_up
def forget_pushed(session: Session) -> None:
    session.execute(delete(PushedRequest).where(PushedRequest.keep_until < clock.now()))
