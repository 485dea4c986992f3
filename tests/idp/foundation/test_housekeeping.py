"""Forgetting: what is over goes, what still counts stays, and tomorrow's job is always there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from idp.foundation import clock, housekeeping
from idp.foundation.outbox import Job, OutboxRow
from idp.oidc.grants.model import Grant
from idp.oidc.jose.keys import KEEP_RETIRED, rotate
from idp.oidc.jose.model import SigningKey
from idp.oidc.tokens.model import AuthorizationCode
from idp.signin.model import SignInAttempt
from idp.staff.members import invite
from idp.staff.model import StaffInvitation, StaffSession
from idp.staff.roles import Appointment, Role
from tests.support.staff import Desk
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
    assert [town.count(table) for table in (AuthorizationCode, Grant, SignInAttempt)] == [0, 0, 0]


def test_logins_and_links_of_the_desk(town: Town) -> None:
    """Forgotten a month after their end; until then a live one counts and an old one does not."""
    desk = Desk(town)
    desk.sign_up()
    with town.writing() as session:
        invite(session, "架空 ひかり", [Appointment(Role.ADMINISTRATOR)], "test")
        session.execute(
            update(StaffSession).values(expires_at=clock.now() + timedelta(days=60))
        )  # one that lives for long
    housekeeping.handle(town.parts.database, JOB)
    assert desk.get("/desk/apps").status_code == 200
    before = town.count(StaffSession), town.count(StaffInvitation)
    with clock.travelled(timedelta(days=29)):
        housekeeping.handle(town.parts.database, JOB)
        assert (town.count(StaffSession), town.count(StaffInvitation)) == before
    with clock.travelled(timedelta(days=32)):
        housekeeping.handle(town.parts.database, JOB)
        assert (town.count(StaffSession), town.count(StaffInvitation)) == (before[0], 0)
    desk.post("/staff/signout")
    with clock.travelled(timedelta(days=31)):
        housekeeping.handle(town.parts.database, JOB)
    assert town.count(StaffSession) == 0


def test_a_retired_key_goes_without_another_rotation(town: Town) -> None:
    with town.writing() as session:
        rotate(session, town.parts.vault, now_too=True)
    assert town.count(SigningKey) == 4
    for later, left in ((KEEP_RETIRED - timedelta(minutes=1), 4), (KEEP_RETIRED + timedelta(minutes=1), 2)):
        with clock.travelled(later):
            housekeeping.handle(town.parts.database, JOB)
        assert town.count(SigningKey) == left
    assert {row.state for row in town.rows(SigningKey)} == {"signing"}


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
