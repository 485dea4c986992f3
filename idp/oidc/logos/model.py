"""The table of apps' logos."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ...foundation.database import Base


class ClientLogo(Base):
    """Our copy of what an app's `logo_uri` gave. `Client.logo_digest` says that there is one, where pages look anyway."""

    __tablename__ = "client_logo"

    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    uri: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of `body`, in hex."""
    media_type: Mapped[str] = mapped_column(String(20))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    fetched_at: Mapped[datetime]
