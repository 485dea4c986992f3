"""Pushed authorization requests at rest (RFC 9126): deposited once, opened until they expire, completed once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import orjson
from sqlalchemy import update

from ...foundation import clock
from ...foundation.ids import new_secret
from ...foundation.vault import digest
from ..server import Provider
from .model import PushedRequest

PREFIX = "urn:ietf:params:oauth:request_uri:"


@dataclass(frozen=True)
class Pushed:
    """What was deposited. `signed`: as a request object."""

    parameters: dict[str, str]
    signed: bool


def push(op: Provider, client_id: str, parameters: dict[str, str], signed: bool) -> str:
    """Deposit a checked request; returns its `request_uri`."""
    settings, now, secret = op.parts.settings, clock.now(), new_secret()
    expires_at = now + timedelta(seconds=settings.par_seconds)
    with op.parts.database.write() as session:
        session.add(
            PushedRequest(
                digest=digest(secret),
                client_id=client_id,
                parameters=orjson.dumps(parameters).decode(),
                signed=signed,
                expires_at=expires_at,
                keep_until=expires_at + timedelta(seconds=settings.attempt_seconds),
            )
        )
    return PREFIX + secret


def find_pushed(op: Provider, client_id: str | None, request_uri: str) -> Pushed | None:
    """The request behind a `request_uri` of this client that may still be opened.

    Opening it does not use it up: a login page that is loaded again must work (FAPI 2.0 §5.3.2.2 note 3).
    """
    with op.parts.database.read() as session:
        row = session.get(PushedRequest, _digest(request_uri))
        if row is None or row.client_id != client_id or row.used_at is not None or row.expires_at <= clock.now():
            return None
        parameters = orjson.loads(row.parameters)
    return Pushed({**parameters, "request_uri": request_uri}, row.signed)


def complete(op: Provider, request_uri: str) -> bool:
    """Use a request up, when its authorization is answered. False: another authorization with it was faster (RFC 9126 §7.3)."""
    with op.parts.database.write() as session:
        done = session.execute(
            update(PushedRequest)
            .where(PushedRequest.digest == _digest(request_uri), PushedRequest.used_at.is_(None))
            .values(used_at=clock.now())
        )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def _digest(request_uri: str) -> str:
    return digest(request_uri.removeprefix(PREFIX))
