"""What a card's reading proved, sealed between the reader's answer and the browser that collects it (signin/handoff.py)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import orjson

from ..foundation.database import from_ms, to_ms
from ..foundation.vault import Vault
from .jpki import CardVerdict, SignatureVerdict


@dataclass(frozen=True)
class Person:
    """Of the signature certificate: what the register is asked for; `birth_date` as YYYY-MM-DD."""

    name: str
    birth_date: str
    address: str


@dataclass(frozen=True)
class Proven:
    """A card by its keyed hashes (under the current and every former key, the current first), and for a claim who its holder is."""

    indexes: tuple[str, ...]
    medium: str
    ends_ms: int
    person: Person | None

    @property
    def not_after(self) -> datetime:
        return from_ms(self.ends_ms)


def proven(vault: Vault, verdict: CardVerdict, signed: SignatureVerdict | None) -> Proven:
    """Keep what is needed and no serial."""
    indexes = vault.indexes("card", verdict.issuer_key_id, verdict.serial.to_bytes(20, "big"))
    person = None
    if signed is not None:
        found = signed.attributes
        person = Person(found.name, found.birth_date.isoformat(), found.address)
    return Proven(tuple(indexes), verdict.medium.value, to_ms(verdict.not_after), person)


def seal(vault: Vault, challenge_id: str, reading: Proven) -> bytes:
    return vault.encrypt(orjson.dumps(asdict(reading)), f"card-reading:{challenge_id}")


def unseal(vault: Vault, challenge_id: str, sealed: bytes) -> Proven:
    """Raises `VaultError` for what was sealed for another challenge, or changed."""
    fields = orjson.loads(vault.decrypt(sealed, f"card-reading:{challenge_id}"))
    person = Person(**fields.pop("person")) if fields["person"] is not None else None
    return Proven(tuple(fields["indexes"]), fields["medium"], fields["ends_ms"], person)
