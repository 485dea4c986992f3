"""Tables of clients: what an app is."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from ...foundation.database import Base
from ...foundation.key_ring import is_sealed


class SectorProof(StrEnum):
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
    sector_proof: Mapped[str] = mapped_column(String(10), default=SectorProof.UNPROVEN.value)
    """A `SectorProof`."""
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
    logo_digest: Mapped[str | None] = mapped_column(String(64))
    """Of its picture (`logos/model.py`), once we have one."""
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
