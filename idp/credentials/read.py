"""What a resident sees of their own credentials."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from .model import Card, CredentialState, Passkey


@dataclass(frozen=True)
class CredentialInfo:
    """`kind` "passkey" or "card"; `label` is the passkey's name or the card's medium."""

    credential_id: str
    kind: str
    label: str
    created_at: datetime
    last_used_at: datetime | None
    state: str
    synced: bool = False


def credentials_of(session: Session, resident_id: str) -> list[CredentialInfo]:
    """Live credentials, oldest first."""
    live = (CredentialState.ACTIVE.value, CredentialState.HELD.value)
    passkeys = session.scalars(select(Passkey).where(Passkey.resident_id == resident_id, Passkey.state.in_(live)))
    cards = session.scalars(select(Card).where(Card.resident_id == resident_id, Card.state.in_(live)))
    found = [
        CredentialInfo(
            p.credential_id, "passkey", p.label, p.created_at, p.last_used_at, p.state, p.device_type == "multi_device"
        )
        for p in passkeys
    ]
    found += [CredentialInfo(c.credential_id, "card", c.medium, c.created_at, c.last_used_at, c.state) for c in cards]
    return sorted(found, key=lambda c: c.created_at)
