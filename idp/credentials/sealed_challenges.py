"""Challenges of passkeys: carried by the browser, not stored until they are used (docs/decisions/0044).

A challenge is 16 random bytes, its end, digests of what it is tied to, and our authenticator over all of it (WebAuthn §13.4.3). Asking
for one writes nothing. Using one writes the row that makes it good once: the authenticator is unique.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Insert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from ..foundation import clock
from ..foundation.database import from_ms, to_ms
from ..foundation.driver import Change, Columns, Find, Question
from ..foundation.ids import new_id
from ..foundation.vault import Vault
from .model import Challenge

LIFETIME = timedelta(minutes=10)
_RANDOM, _END, _DIGEST, _MAC = 16, 8, 16, 32


@dataclass(frozen=True)
class Tie:
    """What a challenge is tied to: one purpose in one browser; one sign-in attempt and one holder, where there are such."""

    purpose: str
    browser_digest: str
    attempt_id: str | None = None
    holder_id: str | None = None

    def digests(self) -> Iterator[tuple[str, bytes]]:
        """`(what is wrong where it differs, digest)`, in the order in which they stand in a challenge."""
        yield "challenge", _short(self.purpose)
        yield "challenge_of_another_browser", _short(self.browser_digest)
        yield "challenge_of_another_attempt", _short(self.attempt_id)
        yield "challenge_of_another_holder", _short(self.holder_id)


def make(vault: Vault, tie: Tie) -> bytes:
    """A fresh challenge."""
    end = to_ms(clock.now() + LIFETIME).to_bytes(_END, "big")
    said = secrets.token_bytes(_RANDOM) + end + b"".join(digest for _, digest in tie.digests())
    return said + _authenticator(vault, said)


def use_up(session: Session, vault: Vault, challenge: bytes, tie: Tie) -> str | None:
    """Take a challenge out of use, and say why it does not count: None if it does. One of ours is used up in any case."""
    row, reason = _opened(vault, challenge, tie)
    if row is None:
        return reason
    connection = session.connection()
    used = connection.execute(_first_use(connection.dialect.name), row)
    return reason if used.rowcount == 1 else "challenge"


_USE = Columns(Challenge.__table__, without=("outcome", "return_digest", "sealed", "collected_at")).insert  # type: ignore[arg-type]
_USED = Find(("1",), "FROM challenge WHERE nonce = :mac")


def asks_used(challenge: bytes) -> Question:
    """Whether a challenge is used up: no answer says no."""
    return _USED, {"mac": challenge[-_MAC:]}


def uses_up(vault: Vault, challenge: bytes, tie: Tie, used: Collection[object]) -> tuple[list[Change], str | None]:
    """`use_up` for whoever asks and writes all at once: what is to be written, and why the challenge does not count.

    `used` is the answer to `asks_used`. Two that both saw it unused cannot both write: for the second it is an `IntegrityError`.
    """
    row, reason = _opened(vault, challenge, tie)
    if row is None or used:
        return [], reason or "challenge"
    return [(_USE, [row])], reason


def _opened(vault: Vault, challenge: bytes, tie: Tie) -> tuple[dict[str, Any] | None, str | None]:
    """The row that uses a challenge up, None if it is not ours or over; and why it does not count."""
    said, mac = challenge[:-_MAC], challenge[-_MAC:]
    if len(said) != _RANDOM + _END + 4 * _DIGEST or not secrets.compare_digest(_authenticator(vault, said), mac):
        return None, "challenge"
    now, end = clock.now(), from_ms(int.from_bytes(said[_RANDOM : _RANDOM + _END], "big"))
    if end <= now:
        return None, "challenge"
    row: dict[str, Any] = {
        "challenge_id": new_id(),
        "purpose": tie.purpose,
        "nonce": mac,
        "browser_digest": tie.browser_digest,
        "attempt_id": tie.attempt_id,
        "resident_id": tie.holder_id,
        "expires_at": end,
        "used_at": now,
    }
    start = _RANDOM + _END
    for reason, expected in tie.digests():
        if not secrets.compare_digest(said[start : start + _DIGEST], expected):
            return row, reason
        start += _DIGEST
    return row, None


@cache
def _first_use(dialect: str) -> Insert:
    made = sqlite_insert(Challenge) if dialect == "sqlite" else postgresql_insert(Challenge)
    return made.on_conflict_do_nothing(index_elements=["nonce"]).execution_options(preserve_rowcount=True)


def _authenticator(vault: Vault, said: bytes) -> bytes:
    return vault.authenticate("passkey-challenge", said)


def _short(text: str | None) -> bytes:
    """Of what is random or a word of ours; None is told from every text."""
    return hashlib.sha256(b"" if text is None else b"=" + text.encode()).digest()[:_DIGEST]
