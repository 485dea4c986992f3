"""Tables of what the city decides about an app."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ...foundation.database import Base


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
