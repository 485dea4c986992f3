"""Tables of the further grants: device flow, CIBA, tokens for other departments, managed grants, and what the city decides per app.

Secrets of ours are stored as SHA-256 of >= 256 random bits; what must be said again later (a ping) is sealed.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..foundation.database import Base
from ..foundation.key_ring import is_sealed

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


class ClientPolicy(Base):
    """What the city, and never the app itself, decides about the further grants of an app. See `client_policy`."""

    __tablename__ = "client_policy"

    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    policy_json: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]


class ResourceIndicator(Base):
    """An API of a department (RFC 8707) and whose it is."""

    __tablename__ = "resource_indicator"

    resource: Mapped[str] = mapped_column(String(255), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    scopes_json: Mapped[str] = mapped_column(Text)
    """Scope -> text for the consent page by language."""


class ReferenceToken(Base):
    """An access token for another department's API. Its bearer cannot read it: the API's `sub` stays with the API."""

    __tablename__ = "reference_token"
    __table_args__ = (
        Index("ix_reference_token_grant", "grant_id"),
        Index("ix_reference_token_expires", "expires_at"),
    )

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    grant_id: Mapped[str] = mapped_column(String(26))
    """The resident's grant at the beginning of the chain: when it ends, all made from it ends."""
    client_id: Mapped[str] = mapped_column(String(64))
    owner_id: Mapped[str] = mapped_column(String(64))
    """The client whose API it is for."""
    resource: Mapped[str] = mapped_column(Text)
    sub: Mapped[str] = mapped_column(String(32))
    """The resident in the owner's sector."""
    scope: Mapped[str] = mapped_column(String(1000))
    act: Mapped[str | None] = mapped_column(Text)
    """RFC 8693 §4.1, JSON: who acts, and through whom it came; None for a token not made by exchange."""
    details: Mapped[str | None] = mapped_column(Text)
    confirmation: Mapped[str | None] = mapped_column(Text)
    """`cnf` of a token bound to its bearer's key, JSON."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ManagedGrant(Base):
    """A grant that its app asks about, changes and ends by itself (Grant Management for OAuth 2.0)."""

    __tablename__ = "managed_grant"

    managed_id: Mapped[str] = mapped_column(String(43), primary_key=True)
    """The `grant_id` of the specification."""
    client_id: Mapped[str] = mapped_column(String(64))
    resident_id: Mapped[str] = mapped_column(String(26))
    scope: Mapped[str] = mapped_column(String(1000))
    claims: Mapped[str] = mapped_column(Text)
    """Names, as a JSON list."""
    resource: Mapped[str | None] = mapped_column(Text)
    details: Mapped[str | None] = mapped_column(Text)
    family_id: Mapped[str] = mapped_column(String(26))
    """The family of tokens that stands for it now (`oauth_grant.grant_id`)."""
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
