"""Forgetting: what is over goes, what still counts stays, and tomorrow's job is always there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from idp.foundation import clock, housekeeping
from idp.foundation.outbox import Job, OutboxRow
from idp.oidc.model import AuthorizationCode, Grant, RefreshToken
from idp.signin.model import SignInAttempt
from tests.support.town import Town

JOB = Job(1, housekeeping.TOPIC, {}, 0)


def scheduled(town: Town) -> int:
    with town.parts.database.read() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.topic == housekeeping.TOPIC)).all()
        return len([row for row in rows if row.due_at > clock.now()])


def test_is_scheduled_once(town: Town) -> None:
    for _ in range(2):
        with town.parts.database.write() as session:
            housekeeping.ensure_scheduled(session)
    assert scheduled(town) == 1


def test_a_live_sign_on_is_kept_and_an_old_one_forgotten(town: Town) -> None:
    browser, app = town.signed_in(), town.register(grant_types=["authorization_code", "refresh_token"])
    tokens = browser.tokens(app)
    browser.get("/signin?next=/my/settings")

    housekeeping.handle(town.parts.database, JOB)
    assert app.refresh(tokens["refresh_token"]).status_code == 200

    with clock.travelled(timedelta(days=125)):
        housekeeping.handle(town.parts.database, JOB)
    assert [town.count(table) for table in (AuthorizationCode, Grant, RefreshToken, SignInAttempt)] == [0, 0, 0, 0]


def test_a_failing_cleaner_stops_neither_the_others_nor_tomorrow(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def broken(_session: Session) -> None:
        raise ValueError("broken")

    def sound(_session: Session) -> None:
        ran.append("sound")

    monkeypatch.setattr(housekeeping, "_cleaners", [broken, sound])
    housekeeping.handle(town.parts.database, JOB)
    assert ran == ["sound"]
    assert scheduled(town) == 1
