"""Backchannel authentication endpoint (OpenID CIBA Core 1.0 §7): a department asks, the resident answers on their own page."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from typing import Any

import orjson
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError, UnauthorizedClientError
from flask import Blueprint, Response
from sqlalchemy import delete
from sqlalchemy.orm import Session

from ...audit import EventType, record
from ...foundation import clock
from ...foundation.housekeeping import cleans_up
from ...foundation.ids import new_id, new_secret
from ...foundation.live import quietly
from ...foundation.vault import digest
from ...foundation.web.callers import Caller, called_by
from ...signin.levels import DECOUPLED_LEVEL, parse_acr
from ..client_auth.authenticate import METHODS, authenticate
from ..clients.clients import RegisteredClient
from ..clients.grant_types import CIBA
from ..server.provider import provider
from ..token_endpoint.token import oauth_error, protocol_request
from ..tokens.resource_access import with_api_scopes
from .backchannel_request_object import signed_parameters
from .device_authorization import wanted_scope
from .login_hints import resident_meant
from .model import BackchannelRequest

bp = Blueprint("backchannel_authentication", __name__)

LIFETIME = 300
LONGEST, SHORTEST = 600, 10
INTERVAL = 5
MAX_MESSAGE = 64
# CIBA §7.1: the syntax of a bearer token (RFC 6750 §2.1), at most 1024 characters.
_NOTIFICATION_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,1024}=*")


class InvalidBindingMessageError(OAuth2Error):  # type: ignore[misc]
    """CIBA §13."""

    error = "invalid_binding_message"


@bp.post("/backchannel_authentication")
@called_by(Caller.CLIENT)
def ask() -> Response:
    """CIBA §7.3: the request's handle, how long it lives and how often it may be polled for."""
    try:
        form = protocol_request()
        client = authenticate(form, tuple(m for m in METHODS if m != "none"))
        if not client.check_grant_type(CIBA):
            raise UnauthorizedClientError("The client is not authorized to use CIBA.")
        body = _ask(client, signed_parameters(provider(), client, form.form))
    except OAuth2Error as error:
        return oauth_error(error)
    response: Response = provider().server.handle_response(200, body, [("Content-Type", "application/json")])
    return response


def _ask(client: RegisteredClient, parameters: dict[str, str]) -> dict[str, Any]:
    op = provider()
    scope = with_api_scopes(op, client, parameters, wanted_scope(client, parameters))
    acr_values, message = _acr_values(parameters), _binding_message(parameters)
    lifetime, notification_token = _lifetime(parameters), _notification_token(client, parameters)
    op.parts.limits.hit(op.parts.settings.ciba_limit, "ciba-hint", client.client_id)
    resident_id = resident_meant(op, client, parameters)
    op.parts.limits.hit(op.parts.settings.ciba_ask_limit, "ciba-ask", client.client_id, resident_id)
    now, auth_req_id, request_id = clock.now(), new_secret(), new_id()
    ping = orjson.dumps([auth_req_id, notification_token]) if notification_token else None
    with op.parts.database.write() as session:
        session.add(
            BackchannelRequest(
                auth_req_digest=digest(auth_req_id),
                request_id=request_id,
                resident_id=resident_id,
                client_id=client.client_id,
                scope=scope,
                resource=parameters.get("resource"),
                acr_values=acr_values,
                binding_message=message,
                ping_sealed=op.parts.vault.encrypt(ping, f"ciba-ping:{request_id}") if ping else None,
                created_at=now,
                expires_at=now + timedelta(seconds=lifetime),
                interval_seconds=INTERVAL,
            )
        )
        record(session, EventType.APPROVAL_ASKED, resident_id=resident_id, client_id=client.client_id)
    tell_pages(resident_id)
    return {"auth_req_id": auth_req_id, "expires_in": lifetime, "interval": INTERVAL}


def tell_pages(resident_id: str) -> None:
    """Let the resident's open pages look again at what waits for them."""
    bus = provider().parts.bus
    quietly(lambda: bus.publish(f"resident:{resident_id}", {"fragments": ["approvals"]}))


def _acr_values(parameters: dict[str, str]) -> str:
    wanted = parameters.get("acr_values", "").split()[:20]
    known = [v for v in wanted if (pair := parse_acr(v)) is not None and pair[1] <= DECOUPLED_LEVEL]
    if wanted and not known:
        raise InvalidRequestError("None of the acr_values exists here, or can be reached from another device.")
    return " ".join(known)


def _binding_message(parameters: dict[str, str]) -> str | None:
    """Short plain text: it stands on a page of ours, between words of ours (CIBA §7.1)."""
    message = parameters.get("binding_message")
    if message is not None and (
        len(message) > MAX_MESSAGE or any(unicodedata.category(c)[0] in "CZ" and c != " " for c in message)
    ):
        raise InvalidBindingMessageError(f"At most {MAX_MESSAGE} printable characters in one line.")
    return message


def _lifetime(parameters: dict[str, str]) -> int:
    value = parameters.get("requested_expiry")
    if value is None:
        return LIFETIME
    if not (value.isascii() and value.isdigit() and len(value) <= 9 and int(value) > 0):
        raise InvalidRequestError("'requested_expiry' is not a positive number of seconds.")
    return min(max(int(value), SHORTEST), LONGEST)


def _notification_token(client: RegisteredClient, parameters: dict[str, str]) -> str | None:
    if client.metadata.get("backchannel_token_delivery_mode") != "ping":
        return None
    token = parameters.get("client_notification_token")
    if token is None or not _NOTIFICATION_TOKEN.fullmatch(token) or len(token) > 1024:
        raise InvalidRequestError("Ping needs a 'client_notification_token' of at most 1024 bearer token characters.")
    return token


@cleans_up
def forget_old_requests(session: Session) -> None:
    """Housekeeping: a day after they expired."""
    session.execute(delete(BackchannelRequest).where(BackchannelRequest.expires_at < clock.now() - timedelta(days=1)))
