"""The checks of a device authorization request, in order (RFC 8628 §3.1)."""

from __future__ import annotations

from typing import ClassVar

from ...foundation.web.network import client_network
from ..client_auth import ANY_CLIENT, REGISTERED_GRANT
from ..clients import DEVICE
from ..flows import Check, Table
from ..server import Provider
from .asking_checks import ASKING, AskedElsewhere


class DeviceRequest(AskedElsewhere):
    """A device asks for its codes."""

    GRANT_TYPE: ClassVar[str] = DEVICE


def limit_requests(op: Provider, asked: DeviceRequest) -> None:
    """Codes that could be guessed are few: so many of a client and network at a time."""
    op.parts.limits.hit(op.parts.settings.device_limit, "device-start", asked.client.client_id, client_network())


CHECKS: Table[DeviceRequest, None] = Table(
    "A device that asks for its codes",
    (
        *ANY_CLIENT,
        REGISTERED_GRANT,
        Check(limit_requests, "RFC 8628 §5.1", "429, temporarily_unavailable"),
        *ASKING,
    ),
)
