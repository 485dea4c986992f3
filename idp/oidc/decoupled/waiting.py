"""Requests that wait for a resident's word, shared by device flow and CIBA: giving the word, polling for it, opening the grant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ...foundation import clock
from ...foundation.database import from_ms
from ...foundation.ids import new_id
from ...foundation.settings import Settings
from ...foundation.vault import digest
from ...logins import Login, levels
from ...logins.model import LoginSession
from ...residents import proofing_methods, subjects
from ...residents.model import Resident, ResidentState
from ..authorization import AuthorizationRequest, grant_consent, join
from ..client_auth import sender_key
from ..clients import RegisteredClient
from ..clients.model import Client
from ..errors import AccessDeniedError, AuthorizationPendingError, ExpiredTokenError, InvalidGrantError, SlowDownError
from ..grants.model import Grant, SessionClient
from ..resources import TargetPart, check_part, departments_apis
from ..server import Provider
from ..storage import GrantFacts, LoginFacts
from ..token_endpoint import facts_of
from ..tokens import first_refresh_token
from .model import APPROVED, DENIED, PENDING, BackchannelRequest, DeviceAuthorization

Row = TypeVar("Row", DeviceAuthorization, BackchannelRequest)
SLOWER = 5


def approve(
    session: Session,
    settings: Settings,
    row: DeviceAuthorization | BackchannelRequest,
    client: RegisteredClient,
    login: Login,
) -> bool:
    """Write the resident's yes into the request, with the login it rests on; False if it was answered or expired meanwhile."""
    asked = AuthorizationRequest(client, "", False, {}, row.scope, apis=departments_apis(settings, row.resource))
    factors, proofing = (
        levels.dump_factors([replace(factor, decoupled=True) for factor in login.factors]),
        " ".join(sorted(proofing_methods(session, login.resident_id))),
    )
    at = levels.assurance(list(login.factors)).at
    standing = LoginFacts(login.session_id, login.resident_id, factors, proofing, at, at, None, None, None)
    join(session, asked, standing)
    if not client.skip_consent:
        grant_consent(session, asked, login.resident_id)
    sid = session.scalars(
        select(SessionClient.sid).where(
            SessionClient.session_id == login.session_id, SessionClient.client_id == client.client_id
        )
    ).one()
    return _answer(
        session,
        row,
        state=APPROVED,
        resident_id=login.resident_id,
        session_id=login.session_id,
        sid=sid,
        sub=subjects.subject_of(session, login.resident_id, client.sector),
        factors=factors,
        proofing=proofing,
        authenticated_at=from_ms(at),
    )


def deny(session: Session, row: DeviceAuthorization | BackchannelRequest) -> bool:
    """Write the resident's no."""
    return _answer(session, row, state=DENIED)


def _answer(session: Session, row: DeviceAuthorization | BackchannelRequest, **values: Any) -> bool:
    table = type(row)
    done = session.execute(
        update(table)
        .where(_key(row) == _key_value(row), table.state == PENDING, table.expires_at > clock.now())
        .values(**values)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def take_grant(
    op: Provider, client: RegisteredClient, find: Callable[[Session], Row | None], resource: str | None
) -> tuple[GrantFacts, str | None]:
    """One poll: the grant of an approved request, once. Raises the error of RFC 8628 §3.5 or CIBA §11 otherwise.

    `resource`: which part of what was agreed to the token shall be for; a wrong one uses nothing up (RFC 8707 §2.2).

    A poll that came too early is remembered although it fails, so its error is raised after the commit.
    """
    with op.parts.database.write() as session:
        row = find(session)
        if row is None or row.client_id != client.client_id or row.used_at is not None:
            raise InvalidGrantError("This request is not known, or was used before.")
        if row.expires_at <= clock.now():
            raise ExpiredTokenError("The request has expired.")
        if row.state == DENIED:
            raise AccessDeniedError("The resident did not agree.")
        check_part(op, row.resource, row.scope, TargetPart(resource), session)
        if row.state == APPROVED:
            return _open(session, op, client, row)
        waiting = _note_poll(session, row)
    raise waiting


def _note_poll(session: Session, row: DeviceAuthorization | BackchannelRequest) -> Exception:
    """`authorization_pending`, or `slow_down` for a poll before its time (RFC 8628 §3.5)."""
    now = clock.now()
    # A second of mercy: the wait is measured at the app's end of the line.
    early = row.polled_at is not None and now < row.polled_at + timedelta(seconds=row.interval_seconds - 1)
    slower = SLOWER if early else 0
    session.execute(
        update(type(row))
        .where(_key(row) == _key_value(row))
        .values(polled_at=now, interval_seconds=row.interval_seconds + slower)
    )
    error: Exception = SlowDownError() if early else AuthorizationPendingError()
    return error


def _open(
    session: Session, op: Provider, client: RegisteredClient, row: DeviceAuthorization | BackchannelRequest
) -> tuple[GrantFacts, str | None]:
    """The grant of an approved request, with a refresh token if the client may have one. What it was given in must still
    stand (`storage.interface.HotStore.redeem_code`).
    """
    now, settings = clock.now(), op.parts.settings
    table = type(row)
    taken = session.execute(
        update(table).where(_key(row) == _key_value(row), table.used_at.is_(None)).values(used_at=now)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise InvalidGrantError("This request is not known, or was used before.")
    lives = session.scalar(
        select(LoginSession.session_id)
        .join(Resident, Resident.resident_id == LoginSession.resident_id)
        .join(SessionClient, SessionClient.session_id == LoginSession.session_id)
        .join(Client, Client.client_id == SessionClient.client_id)
        .where(
            LoginSession.session_id == row.session_id,
            LoginSession.ended_at.is_(None),
            Resident.state == ResidentState.ACTIVE.value,
            SessionClient.sid == row.sid,
            Client.active,
        )
        .with_for_update(read=True, key_share=True, of=SessionClient)
    )
    if lives is None:
        raise InvalidGrantError("The resident has signed out or ended the app's access meanwhile.")
    grant_id = new_id()
    refresh_token = first_refresh_token(op.parts.vault, grant_id) if client.check_grant_type("refresh_token") else None
    lasting = settings.refresh_absolute_seconds if refresh_token else settings.access_token_seconds
    grant = Grant(
        grant_id=grant_id,
        client_id=client.client_id,
        resident_id=row.resident_id,
        session_id=row.session_id,
        offline="offline_access" in row.scope.split(),
        scope=row.scope,
        claims=None,
        resource=row.resource,
        nonce=None,
        factors=row.factors,
        proofing=row.proofing,
        authenticated_at=row.authenticated_at,
        sid=row.sid,
        sub=row.sub,
        key_binding=sender_key().binding if client.auth_method == "none" else None,
        created_at=now,
        expires_at=now + timedelta(seconds=lasting),
    )
    if refresh_token is not None:
        grant.refresh_digest = digest(refresh_token)
        grant.refresh_expires_at = now + timedelta(seconds=settings.refresh_idle_seconds)
    session.add(grant)
    return facts_of(grant), refresh_token


def _key(row: DeviceAuthorization | BackchannelRequest) -> Any:
    if isinstance(row, DeviceAuthorization):
        return DeviceAuthorization.device_code_digest
    return BackchannelRequest.auth_req_digest


def _key_value(row: DeviceAuthorization | BackchannelRequest) -> str:
    return row.device_code_digest if isinstance(row, DeviceAuthorization) else row.auth_req_digest
