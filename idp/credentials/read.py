"""What a resident sees of their own credentials."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..foundation import clock
from .model import Card, CredentialState, Passkey


@dataclass(frozen=True)
class CredentialInfo:
    """`kind` "passkey" or "card"; `label` is the passkey's name or the card's medium; `ends_at` a card's last day."""

    credential_id: str
    kind: str
    label: str
    created_at: datetime
    last_used_at: datetime | None
    state: str
    synced: bool = False
    ends_at: datetime | None = None

    @property
    def signs_in(self) -> bool:
        """Whether it is a way in now."""
        return self.state == CredentialState.ACTIVE.value and (self.ends_at is None or self.ends_at > clock.now())


def credentials_of(session: Session, resident_id: str) -> list[CredentialInfo]:
    """Live credentials, oldest first."""
    live = (CredentialState.ACTIVE.value, CredentialState.HELD.value)
    passkeys = session.scalars(select(Passkey).where(Passkey.resident_id == resident_id, Passkey.state.in_(live)))
    cards = session.scalars(select(Card).where(Card.resident_id == resident_id, Card.state.in_(live)))
    found = [*map(_of_passkey, passkeys), *map(_of_card, cards)]
    return sorted(found, key=lambda c: c.created_at)


def find_credential(session: Session, resident_id: str, credential_id: str) -> CredentialInfo | None:
    """One credential of this resident, in whatever state."""
    own = Passkey.credential_id == credential_id, Passkey.resident_id == resident_id
    if (passkey := session.scalars(select(Passkey).where(*own)).first()) is not None:
        return _of_passkey(passkey)
    card = session.scalars(
        select(Card).where(Card.credential_id == credential_id, Card.resident_id == resident_id)
    ).first()
    return _of_card(card) if card is not None else None


def _of_passkey(row: Passkey) -> CredentialInfo:
    synced = row.device_type == "multi_device"
    return CredentialInfo(
        row.credential_id, "passkey", row.label, row.created_at, row.last_used_at, row.state, synced=synced
    )


def _of_card(row: Card) -> CredentialInfo:
    return CredentialInfo(
        row.credential_id, "card", row.medium, row.created_at, row.last_used_at, row.state, ends_at=row.not_after
    )
