"""What the register knows of a person, in the clear only inside one request."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from datetime import date

import orjson

from ..foundation.vault import Vault
from . import normalise

# A name in Latin letters may have any order and number of parts, so it is not taken apart.
_LETTERS = "[々〆〇\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\ufe00-\ufe0f\U00020000-\U000323af\U000e0100-\U000e01ef]+"
_TWO_PARTS = re.compile(f"({_LETTERS})[ \u3000]({_LETTERS})")


@dataclass(frozen=True)
class Attributes:
    """`birth_date` as YYYY-MM-DD; `sex` 1 male, 2 female, 9 other or unknown (the codes of a signature certificate)."""

    name: str
    kana: str
    birth_date: str
    sex: str
    address: str
    email: str | None = field(default=None)
    phone: str | None = field(default=None)

    @property
    def family_and_given(self) -> tuple[str | None, str | None]:
        """The two parts of a name in Japanese writing with exactly one space, family name first as in the register; else neither."""
        found = _TWO_PARTS.fullmatch(self.name)
        return (found[1], found[2]) if found else (None, None)

    def __repr__(self) -> str:
        return "Attributes(…)"  # so that no log or trace can show a person


def seal(vault: Vault, resident_id: str, attributes: Attributes) -> bytes:
    """Encrypt for the row of `resident_id`."""
    return vault.encrypt(orjson.dumps(asdict(attributes)), f"resident:{resident_id}")


def unseal(vault: Vault, resident_id: str, sealed: bytes) -> Attributes:
    """Decrypt the row of `resident_id`. Raises `VaultError`."""
    return Attributes(**orjson.loads(vault.decrypt(sealed, f"resident:{resident_id}")))


def match_keys(vault: Vault, name: str, birth_date: str, address: str) -> tuple[str, str]:
    """`(match_key, near_key)` of a person."""
    parts = normalise.match_parts(name, date.fromisoformat(birth_date), address)
    return vault.index("register-match", *parts), vault.index("register-near", *parts[:2])


def match_indexes(vault: Vault, name: str, birth_date: str, address: str) -> tuple[list[str], list[str]]:
    """`match_keys` under the current and every former key, for look-ups."""
    parts = normalise.match_parts(name, date.fromisoformat(birth_date), address)
    return vault.indexes("register-match", *parts), vault.indexes("register-near", *parts[:2])
