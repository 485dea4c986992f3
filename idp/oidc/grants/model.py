"""Tables of what was granted: consents, participation in a login, families of tokens, and grants that apps manage."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ...foundation.database import Base


class Consent(Base):
    """What a resident lets an app have. Ended, not deleted, so that history stays."""

    __tablename__ = "consent"

    resident_id: Mapped[str] = mapped_column(ForeignKey("resident.resident_id"), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    scope: Mapped[str] = mapped_column(String(1000))
    """Space-separated, sorted: scopes, and ``claim:NAME`` for single claims asked for by the `claims` parameter."""
    granted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SessionClient(Base):
    """An app that took part in a login. `sid` is random per app, so that two departments cannot join their logs by it."""

    __tablename__ = "session_client"

    session_id: Mapped[str] = mapped_column(ForeignKey("login_session.session_id"), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    sid: Mapped[str] = mapped_column(String(32), unique=True)
    first_at: Mapped[datetime]


class Grant(Base):
    """What a sign-on gave an app: the family of its tokens. Revoked here, dead everywhere."""

    __tablename__ = "oauth_grant"
    __table_args__ = (
        Index("ix_oauth_grant_resident_client", "resident_id", "client_id"),
        Index("ix_oauth_grant_session", "session_id"),
        # Room on each page for the next version of its rows: a refresh then touches no index.
        {"postgresql_with": {"fillfactor": 70}},
    )

    grant_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64))
    resident_id: Mapped[str] = mapped_column(String(26))
    session_id: Mapped[str] = mapped_column(String(26))
    offline: Mapped[bool]
    """offline_access: outlives the login."""
    scope: Mapped[str] = mapped_column(String(1000))
    claims: Mapped[str | None] = mapped_column(Text)
    resource: Mapped[str | None] = mapped_column(Text)
    nonce: Mapped[str | None] = mapped_column(Text)
    factors: Mapped[str] = mapped_column(Text)
    proofing: Mapped[str] = mapped_column(String(400))
    authenticated_at: Mapped[datetime]
    """Copied from the code: a later step-up must not change an old grant."""
    sid: Mapped[str] = mapped_column(String(32))
    sub: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    key_binding: Mapped[str | None] = mapped_column(String(60))
    """`jkt:…` or `x5t:…`: the key without which a public client's refresh token is worth nothing (RFC 9449 §5, RFC 8705 §4)."""
    rich: Mapped[str | None] = mapped_column(Text)
    """JSON: `authorization_details` (RFC 9396), `grant_management` (action and id)."""
    refresh_digest: Mapped[str | None] = mapped_column(String(64))
    """Of the live refresh token; None: there is none."""
    refresh_before: Mapped[str | None] = mapped_column(String(64))
    """Of the one it was given for, which may be shown again as long as the live one was never used: an answer can be lost."""
    refresh_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """How many tokens the family had before the live one."""
    refresh_used_at: Mapped[datetime | None]
    refresh_expires_at: Mapped[datetime | None]
    """When it has lain idle too long; the grant's own end counts as well."""


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
