"""Tables of the protocol. Secrets of ours (codes, tokens, client secrets) are stored as SHA-256 of >= 256 random bits."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from ..foundation.database import Base
from ..foundation.key_ring import is_sealed


class Proof(StrEnum):
    """Why a client is in its sector (`sectors.py`)."""

    OWN = "own"
    """It claims nobody else's."""
    DOCUMENT = "document"
    """A document on the sector's host lists all through which it learns a `sub`."""
    REGISTERED = "registered"
    """The city registered it with addresses, or a document, on this host."""
    DECIDED = "decided"
    """The city said which."""
    UNPROVEN = "unproven"
    """It has been there since before proof was asked for, and shares the sector with others."""


class Client(Base):
    """A registered app (RFC 7591). `metadata_json` holds what it registered; the columns are what hot paths and the city set."""

    __tablename__ = "client"

    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    metadata_json: Mapped[str] = mapped_column(Text)
    secret_digest: Mapped[str | None] = mapped_column(String(64))
    sector: Mapped[str] = mapped_column(String(255))
    """OIDC Core §8.1, with the kind of its name before it (`sectors.py`)."""
    sector_proof: Mapped[str] = mapped_column(String(10), default=Proof.UNPROVEN.value)
    """A `Proof`."""
    skip_consent: Mapped[bool] = mapped_column(default=False)
    event_source: Mapped[str | None] = mapped_column(String(255), unique=True)
    """The CloudEvents `source` this client, and no other, may send."""
    may_use_local_numbers: Mapped[bool] = mapped_column(default=False)
    fapi_profile: Mapped[str | None] = mapped_column(String(30))
    """`2.0-security` or `2.0-message-signing`: the city holds this client to FAPI 2.0 (`fapi.py`)."""
    registration_token_digest: Mapped[str | None] = mapped_column(String(64))
    """Of the registration access token (RFC 7592 §3)."""
    secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info=is_sealed("client-secret:{client_id}"))
    """The secret itself, encrypted; only for clients whose methods need it (`client_secret_jwt`, HS256)."""
    either_secret_method: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The app asked for no `token_endpoint_auth_method`: client_secret_basic and client_secret_post are both taken."""
    old_secret_digest: Mapped[str | None] = mapped_column(String(64))
    """The former secret while a new one is brought in, good until `old_secret_ends_at`."""
    old_secret_ends_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class SigningKey(Base):
    """A key of the provider, in one of three steps: published, signing, retired (still verified). Also those that others encrypt to."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(String(43), primary_key=True)
    """RFC 7638 thumbprint."""
    alg: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10))
    private_sealed: Mapped[bytes] = mapped_column(LargeBinary, info=is_sealed("signing-key:{kid}"))
    public_jwk: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


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


class AuthorizationCode(Base):
    """A code too long to travel in an address: the app got a reference to it (codes.py)."""

    __tablename__ = "authorization_code"
    __table_args__ = (Index("ix_authorization_code_expires", "expires_at"),)

    code_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]


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


class RevokedToken(Base):
    """`jti` of an access token revoked on its own (RFC 7009), until it would have expired."""

    __tablename__ = "revoked_token"

    jti: Mapped[str] = mapped_column(String(60), primary_key=True)
    expires_at: Mapped[datetime]


class UsedAssertion(Base):
    """`jti`s of client assertions (RFC 7523 §3): single use, remembered until they expire, restarts included."""

    __tablename__ = "used_assertion"
    __table_args__ = (Index("ix_used_assertion_expires", "expires_at"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of client id and jti."""
    expires_at: Mapped[datetime]


class InitialAccessToken(Base):
    """A right to register clients (RFC 7591 §3)."""

    __tablename__ = "initial_access_token"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    note: Mapped[str] = mapped_column(String(200))
    uses_left: Mapped[int]
    expires_at: Mapped[datetime]
