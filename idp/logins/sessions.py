"""Login sessions: start, find, step up, end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import g
from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.orm import Session

from ..audit import AuditEventType, appends, record
from ..foundation import clock
from ..foundation.context import parts
from ..foundation.driver import Change, Columns, write_all
from ..foundation.ids import new_id, new_secret
from ..foundation.settings import Settings
from ..foundation.vault import digest
from ..foundation.web.cookies import SESSION, get_cookie
from ..residents import identity_level, life_cycle, proofing_methods
from ..residents.model import Resident, ResidentState
from .levels import Factor, assurance, authentication_level, dump_factors, load_factors
from .model import LoginSession

TOUCH_EVERY = timedelta(seconds=60)
_START = Columns(LoginSession.__table__, without=("ended_at",)).insert  # type: ignore[arg-type]
_STATE = select(Resident.state).where(Resident.resident_id == bindparam("resident_id"))

EndListener = Callable[[Session, list[str]], None]
_end_listeners: list[EndListener] = []


@dataclass(frozen=True)
class Login:
    """Who is signed in on this request's browser. `ial` and `aal` are 1 to 3, computed from recorded facts.

    `aal` goes with the time in `assurance(factors)`, not with that of the newest proof, which is `authenticated_at`.
    """

    resident_id: str
    session_id: str
    ial: int
    aal: int
    authenticated_at: datetime
    factors: tuple[Factor, ...]


class AccountStoppedError(Exception):
    """The person proved who they are, and their account may not be used: suspended, closed, …"""

    def __init__(self, resident_id: str, state: str) -> None:
        super().__init__(state)
        self.resident_id = resident_id
        self.state = state


def on_session_end(listener: EndListener) -> None:
    """Have `listener(session, session_ids)` run inside every transaction that ends sessions."""
    if listener not in _end_listeners:
        _end_listeners.append(listener)


def start_session(session: Session, settings: Settings, resident_id: str, factor: Factor, device: str) -> str:
    """Sign a resident in and return the new cookie value.

    The session id changes with every sign-in of another person and the cookie with every sign-in at all (fixation); the same
    person proving themself again keeps their session, so that the apps' `sid` stays true. Raises `AccountStoppedError`.
    """
    state = session.connection().execute(_STATE, {"resident_id": resident_id}).scalar_one()
    token, changes = starts_session(session, settings, resident_id, state, factor, device)
    write_all(session, changes)
    return token


def starts_session(
    session: Session, settings: Settings, resident_id: str, state: str, factor: Factor, device: str
) -> tuple[str, list[Change]]:
    """The same for whoever knows the resident's `state` and writes all at once: `(cookie value, what is to be written)`."""
    if state != ResidentState.ACTIVE.value:
        raise AccountStoppedError(resident_id, state)
    now = clock.now()
    token, changes = new_secret(), list[Change]()
    before = _live(session, get_cookie(SESSION), settings)
    if before is not None and before.resident_id == resident_id:
        before.token_digest = digest(token)
        before.factors = dump_factors([*load_factors(before.factors)[-4:], factor])
        before.authenticated_at = before.seen_at = now
        before.expires_at = now + timedelta(seconds=settings.session_absolute_seconds)
        session_id = before.session_id
    else:
        if before is not None:
            end_sessions(session, [before.session_id], by="other_resident")
        session_id = new_id()
        row = {
            "session_id": session_id,
            "token_digest": digest(token),
            "resident_id": resident_id,
            "factors": dump_factors([factor]),
            "authenticated_at": now,
            "created_at": now,
            "seen_at": now,
            "expires_at": now + timedelta(seconds=settings.session_absolute_seconds),
            "device": device,
        }
        changes.append((_START, [row]))
    happened = appends(
        session,
        AuditEventType.SIGNED_IN,
        resident_id=resident_id,
        login=session_id,
        method=factor.kind,
        aal=authentication_level([factor]),
    )
    return token, [*changes, happened]


def current_login_or_none() -> Login | None:
    """The login of this request's browser, looked up once per request."""
    if not hasattr(g, "login"):
        g.login = _find_login()
    found: Login | None = g.login
    return found


def current_login() -> Login:
    """The login, in views of `Caller.RESIDENT`."""
    login = current_login_or_none()
    if login is None:
        raise RuntimeError("current_login() outside a route called by a resident")
    return login


def _find_login() -> Login | None:
    token = get_cookie(SESSION)
    if not token:
        return None
    database, settings = parts().database, parts().settings
    with database.read() as session:
        row = _live(session, token, settings)
        if row is None:
            return None
        factors = load_factors(row.factors)
        login = Login(
            row.resident_id,
            row.session_id,
            identity_level(proofing_methods(session, row.resident_id)),
            assurance(factors).level,
            row.authenticated_at,
            tuple(factors),
        )
        seen_at = row.seen_at
    keep_alive(login.session_id, seen_at)
    return login


def keep_alive(session_id: str, seen_at: datetime) -> None:
    """The login is in use. Folded: one write a minute, not one a request."""
    now = clock.now()
    if now - seen_at > TOUCH_EVERY:
        with parts().database.write() as session:
            session.execute(update(LoginSession).where(LoginSession.session_id == session_id).values(seen_at=now))


def _live(session: Session, token: str | None, settings: Settings) -> LoginSession | None:
    if not token:
        return None
    return session.scalars(live_logins(settings).where(LoginSession.token_digest == digest(token))).first()


def live_logins(settings: Settings) -> Select[LoginSession]:
    """Those that count now (as `_STANDING` of the hot path has it)."""
    now = clock.now()
    return (
        select(LoginSession)
        .join(Resident, Resident.resident_id == LoginSession.resident_id)
        .where(
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > now,
            LoginSession.seen_at > now - timedelta(seconds=settings.session_idle_seconds),
            Resident.state == ResidentState.ACTIVE.value,
        )
    )


def end_sessions(session: Session, session_ids: list[str], by: str) -> list[str]:
    """End logins at once, with everything that hangs on them; returns those that were live. `by` says who: resident, app, …"""
    ended = session.execute(
        update(LoginSession)
        .where(LoginSession.session_id.in_(session_ids), LoginSession.ended_at.is_(None))
        .values(ended_at=clock.now())
        .returning(LoginSession.session_id, LoginSession.resident_id)
    ).all()
    for session_id, resident_id in ended:
        record(session, AuditEventType.SESSION_ENDED, resident_id=resident_id, login=session_id, by=by)
    ids = [row.session_id for row in ended]
    for listener in _end_listeners:
        listener(session, ids)
    return ids


def end_logins_of(session: Session, resident_id: str, _act: life_cycle.AccountAction, by: str) -> None:
    """When an account is suspended or closed, and once more when it is reinstated, for what began in the same moment."""
    live = select(LoginSession.session_id).where(
        LoginSession.resident_id == resident_id, LoginSession.ended_at.is_(None)
    )
    end_sessions(session, list(session.scalars(live)), by)
