"""Tables of requests that wait for the resident's word: device flow (RFC 8628) and CIBA."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ...foundation.database import Base
from ...foundation.key_ring import is_sealed

PENDING, APPROVED, DENIED = "pending", "approved", "denied"


class Waiting:
    """Columns of a request that waits for the resident's word and is polled for by its app.

    What the word gives is written down when it is given: the login, its facts and the subject, as with an authorization code.
    """

    client_id: Mapped[str] = mapped_column(String(64))
    scope: Mapped[str] = mapped_column(String(1000))
    resource: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default=PENDING)
    session_id: Mapped[str | None] = mapped_column(String(26))
    sid: Mapped[str | None] = mapped_column(String(32))
    sub: Mapped[str | None] = mapped_column(String(32))
    factors: Mapped[str | None] = mapped_column(Text)
    proofing: Mapped[str | None] = mapped_column(String(400))
    authenticated_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    interval_seconds: Mapped[int]
    """Grows by five with every poll that comes too early (RFC 8628 §3.5)."""
    polled_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class DeviceAuthorization(Waiting, Base):
    """A device that waits for somebody to type its code (RFC 8628)."""

    __tablename__ = "device_authorization"
    __table_args__ = (Index("ix_device_authorization_expires", "expires_at"),)

    device_code_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_code_index: Mapped[str] = mapped_column(String(64), unique=True)
    """Keyed hash: eight letters are too few for a plain one."""
    network_index: Mapped[str] = mapped_column(String(64))
    """Keyed hash of the device's network, to say whether it is the resident's own."""
    device: Mapped[str] = mapped_column(String(80))
    resident_id: Mapped[str | None] = mapped_column(String(26))


class BackchannelRequest(Waiting, Base):
    """A question of a department's staff to one resident (OpenID CIBA)."""

    __tablename__ = "backchannel_request"
    __table_args__ = (
        Index("ix_backchannel_request_resident", "resident_id", "state"),
        Index("ix_backchannel_request_expires", "expires_at"),
    )

    auth_req_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_id: Mapped[str] = mapped_column(String(26), unique=True)
    """What pages and the outbox name it by; worth nothing at the token endpoint."""
    resident_id: Mapped[str] = mapped_column(String(26))
    acr_values: Mapped[str] = mapped_column(String(1000), default="")
    binding_message: Mapped[str | None] = mapped_column(String(200))
    ping_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info=is_sealed("ciba-ping:{request_id}"))
    """`auth_req_id` and `client_notification_token` of an app that is pinged, sealed; cleared after the ping."""
