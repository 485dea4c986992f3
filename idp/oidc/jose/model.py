"""Tables of keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ...foundation.database import Base
from ...foundation.key_ring import is_sealed


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
