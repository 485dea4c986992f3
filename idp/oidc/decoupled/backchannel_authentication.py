"""Backchannel authentication endpoint (OpenID CIBA Core 1.0 §7): a department asks, the resident answers on a page of ours."""

from __future__ import annotations

from datetime import timedelta

import orjson
from flask import Blueprint, Response
from sqlalchemy import delete
from sqlalchemy.orm import Session

from ...audit import AuditEventType, record
from ...foundation import clock
from ...foundation.housekeeping import cleans_up
from ...foundation.ids import new_id, new_secret
from ...foundation.vault import digest
from ...foundation.web.callers import Caller, called_by
from ..flows import JSON, EndpointResponse, ListedEndpoint, answered
from ..server import provider
from .ciba_checks import CHECKS, BackchannelAsk
from .model import BackchannelRequest

bp = Blueprint("backchannel_authentication", __name__)

INTERVAL = 5


class BackchannelEndpoint(ListedEndpoint):
    """Registered with Authlib's server."""

    ENDPOINT_NAME = "backchannel_authentication"
    ASKED = BackchannelAsk
    CHECKS = CHECKS

    def create_response(self, asked: BackchannelAsk) -> EndpointResponse:
        """§7.3: the request's handle, how long it lives and how often it may be polled for."""
        auth_req_id = _store(asked)
        return 200, {"auth_req_id": auth_req_id, "expires_in": asked.lifetime, "interval": INTERVAL}, JSON


@bp.post("/backchannel_authentication")
@called_by(Caller.CLIENT)
def ask() -> Response:
    """CIBA §7.3, or §13."""
    return answered(BackchannelEndpoint)


def _store(asked: BackchannelAsk) -> str:
    op, client_id, resident_id = provider(), asked.client.client_id, asked.resident_id
    now, auth_req_id, request_id = clock.now(), new_secret(), new_id()
    ping = orjson.dumps([auth_req_id, asked.notification_token]) if asked.notification_token else None
    with op.parts.database.write() as session:
        session.add(
            BackchannelRequest(
                auth_req_digest=digest(auth_req_id),
                request_id=request_id,
                resident_id=resident_id,
                client_id=client_id,
                scope=asked.scope,
                resource=asked.parameters.get("resource"),
                acr_values=asked.acr_values,
                binding_message=asked.binding_message,
                ping_sealed=op.parts.vault.encrypt(ping, f"ciba-ping:{request_id}") if ping else None,
                created_at=now,
                expires_at=now + timedelta(seconds=asked.lifetime),
                interval_seconds=INTERVAL,
            )
        )
        record(session, AuditEventType.APPROVAL_ASKED, resident_id=resident_id, client_id=client_id)
    return auth_req_id


@cleans_up
def forget_old_requests(session: Session) -> None:
    """Housekeeping: a day after they expired."""
    session.execute(delete(BackchannelRequest).where(BackchannelRequest.expires_at < clock.now() - timedelta(days=1)))
