"""Device authorization endpoint (RFC 8628 §3.1): a device without a keyboard gets a code that a resident types on their phone."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...foundation import clock
from ...foundation.housekeeping import cleans_up
from ...foundation.ids import new_secret
from ...foundation.vault import Vault, digest
from ...foundation.web.callers import Caller, called_by
from ...foundation.web.network import known_network
from ...logins import device_label
from ..clients import RegisteredClient
from ..flows import JSON, EndpointResponse, ListedEndpoint, answered
from ..server import provider
from .device_checks import CHECKS, DeviceRequest
from .model import DeviceAuthorization

bp = Blueprint("device_authorization", __name__)


LIFETIME = 600
INTERVAL = 5
# RFC 8628 §6.1: consonants make no words, and none of these looks like another.
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8


class DeviceAuthorizationEndpoint(ListedEndpoint):
    """Registered with Authlib's server."""

    ENDPOINT_NAME = "device_authorization"
    ASKED = DeviceRequest
    CHECKS = CHECKS

    def create_response(self, asked: DeviceRequest) -> EndpointResponse:
        """§3.2: the codes, and where the resident goes with them."""
        return 200, _store(asked.client, asked.scope, asked.parameters.get("resource")), JSON


@bp.post("/device_authorization")
@called_by(Caller.CLIENT)
def start() -> Response:
    """RFC 8628 §3.2."""
    return answered(DeviceAuthorizationEndpoint)


def _store(client: RegisteredClient, scope: str, resource: str | None) -> dict[str, Any]:
    op = provider()
    now = clock.now()
    device_code = new_secret()
    user_code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    with op.parts.database.write() as session:
        session.add(
            DeviceAuthorization(
                device_code_digest=digest(device_code),
                user_code_index=op.parts.vault.index("device-user-code", user_code),
                network_index=network_index(op.parts.vault),
                device=device_label(request.headers.get("User-Agent", "")),
                client_id=client.client_id,
                scope=scope,
                resource=resource,
                created_at=now,
                expires_at=now + timedelta(seconds=LIFETIME),
                interval_seconds=INTERVAL,
            )
        )
    shown = f"{user_code[:4]}-{user_code[4:]}"
    address = f"{op.parts.settings.issuer}/device"
    return {
        "device_code": device_code,
        "user_code": shown,
        "verification_uri": address,
        "verification_uri_complete": f"{address}?user_code={shown}",
        "expires_in": LIFETIME,
        "interval": INTERVAL,
    }


def parse_user_code(typed: str) -> str | None:
    """Eight letters, however they were typed (case, spaces, hyphens); None for anything else."""
    plain = unicodedata.normalize("NFKC", typed[:40]).upper()
    code = "".join(c for c in plain if not (c.isspace() or c in "-‐‑–—ー"))
    return code if len(code) == LENGTH and set(code) <= set(LETTERS) else None


def find_waiting(session: Session, vault: Vault, user_code: str) -> DeviceAuthorization | None:
    """The live, unanswered request with this code."""
    row = session.scalars(
        select(DeviceAuthorization).where(
            DeviceAuthorization.user_code_index.in_(vault.indexes("device-user-code", user_code))
        )
    ).first()
    return row if row is not None and row.state == "pending" and row.expires_at > clock.now() else None


def network_index(vault: Vault) -> str:
    """The caller's network, comparable but not readable. One that is not known is like no other."""
    return vault.index("device-network", known_network() or new_secret())


@cleans_up
def forget_old_requests(session: Session) -> None:
    """Housekeeping: a day after they expired."""
    session.execute(
        DeviceAuthorization.__table__.delete().where(  # type: ignore[attr-defined]
            DeviceAuthorization.expires_at < clock.now() - timedelta(days=1)
        )
    )
