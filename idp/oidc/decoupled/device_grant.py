"""`grant_type=urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4): the device polls until the resident has answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy.orm import Session

from ...foundation.vault import digest
from ..client_auth import ANY_CALLER
from ..clients import DEVICE
from ..errors import InvalidRequestError
from ..flows import Check, Table
from ..server import Provider
from ..token_endpoint import ENCRYPTION_KEY
from .model import DeviceAuthorization
from .polling import PollingGrant, PollingRequest
from .waiting import take_grant


@dataclass
class DevicePoll(PollingRequest):
    """By the code that only the device knows."""

    GRANT_TYPE: ClassVar[str] = DEVICE


def require_device_code(_op: Provider, asked: DevicePoll) -> None:
    """There is a device code."""
    if "device_code" not in asked.form:
        raise InvalidRequestError("Missing 'device_code' in request.")


def take_answer_once(op: Provider, asked: DevicePoll) -> None:
    """The code is this client's and lives, the resident agreed, their login lives, and it was not used before."""
    device_code = digest(asked.form["device_code"])

    def find(session: Session) -> DeviceAuthorization | None:
        return session.get(DeviceAuthorization, device_code, with_for_update=True)

    asked.grant, asked.refresh_token = take_grant(op, asked.client, find, asked.form.get("resource"))


CHECKS: Table[DevicePoll, None] = Table(
    f"`{DEVICE}`",
    (
        *ANY_CALLER,
        Check(require_device_code, "RFC 8628 §3.4", "invalid_request"),
        ENCRYPTION_KEY,
        Check(
            take_answer_once,
            "RFC 8628 §3.5; RFC 6749 §5.2; RFC 8707 §2.2",
            "authorization_pending, slow_down, access_denied, expired_token, invalid_grant, invalid_target, invalid_scope",
        ),
    ),
)


class DeviceGrant(PollingGrant):
    """Registered with Authlib's server."""

    GRANT_TYPE = DevicePoll.GRANT_TYPE
    ASKED = DevicePoll
    CHECKS = CHECKS
