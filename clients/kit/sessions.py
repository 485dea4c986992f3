"""Sign-on sessions of residents, kept on the server so that back-channel logout really ends them."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .config import Settings
from .database import Database, Transaction

SEEN_EVERY = 60
"""`seen_at` is written at most this often, so that reading a page is not a write."""


def fingerprint(secret: str) -> str:
    """What is stored instead of a browser's secret (it has 256 bits, so a plain SHA-256 is enough)."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Resident:
    """The signed-in resident, as this app knows them: its own pairwise `sub` and the claims that were shared."""

    sub: str
    sid: str | None
    claims: dict[str, Any]
    id_token: str
    session: str
    """Fingerprint of the session, never the cookie's value."""

    @property
    def name(self) -> str:
        """The full name, or an empty string if it was not shared."""
        return str(self.claims.get("name") or "")

    @property
    def birthdate(self) -> str:
        """YYYY-MM-DD, or an empty string."""
        return str(self.claims.get("birthdate") or "")

    @property
    def address(self) -> str:
        """The address on one line, or an empty string (OIDC Core §5.1.1)."""
        address = self.claims.get("address")
        return str(address.get("formatted") or "").replace("\n", " ") if isinstance(address, dict) else ""


class SessionStore:
    """Sessions by cookie value, by `sid` and by `sub`."""

    def __init__(self, database: Database, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock

    def start(self, claims: dict[str, Any], id_token: str, *, replaces: str | None = None) -> str | None:
        """Begin a session and return the cookie's value (always a new one, so that a planted one is worth nothing).

        None if the provider already ended this `sid`: a back-channel logout may overtake the browser.
        """
        now = self._clock()
        secret = secrets.token_urlsafe(32)
        sid = claims.get("sid")
        with self._database.transaction() as tx:
            tx.execute("DELETE FROM kit_session WHERE created_at < ?", (now - self._settings.session_absolute,))
            if replaces:
                tx.execute("DELETE FROM kit_session WHERE id_hash = ?", (fingerprint(replaces),))
            if sid and tx.one("SELECT 1 FROM kit_ended_sid WHERE sid = ?", (sid,)):
                return None
            tx.execute(
                "INSERT INTO kit_session (id_hash, sub, sid, id_token, claims, created_at, seen_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (fingerprint(secret), claims["sub"], sid, id_token, json.dumps(claims), now, now),
            )
        return secret

    def find(self, secret: str) -> Resident | None:
        """The resident of a cookie value; None if unknown, idle too long, or too old."""
        now = self._clock()
        key = fingerprint(secret)
        row = self._database.one("SELECT * FROM kit_session WHERE id_hash = ?", (key,))
        if row is None:
            return None
        if (
            now - row["created_at"] > self._settings.session_absolute
            or now - row["seen_at"] > self._settings.session_idle
        ):
            self.end(secret)
            return None
        if now - row["seen_at"] > SEEN_EVERY:
            with self._database.transaction() as tx:
                tx.execute("UPDATE kit_session SET seen_at = ? WHERE id_hash = ?", (now, key))
        return Resident(row["sub"], row["sid"], json.loads(row["claims"]), row["id_token"], key)

    def end(self, secret: str) -> None:
        """End the session of a cookie value."""
        with self._database.transaction() as tx:
            tx.execute("DELETE FROM kit_session WHERE id_hash = ?", (fingerprint(secret),))

    def end_by_provider(self, *, jti: str, until: float, sid: str | None, sub: str | None) -> bool:
        """End sessions for a logout token, once: False if this `jti` was used before."""
        now = self._clock()
        with self._database.transaction() as tx:
            tx.execute("DELETE FROM kit_logout_token WHERE until < ?", (now,))
            tx.execute("DELETE FROM kit_ended_sid WHERE until < ?", (now,))
            if tx.one("SELECT 1 FROM kit_logout_token WHERE jti = ?", (jti,)):
                return False
            tx.execute("INSERT INTO kit_logout_token (jti, until) VALUES (?, ?)", (jti, until))
            self._end(tx, sid, sub)
        return True

    def end_matching(self, sid: str | None, sub: str) -> None:
        """End the session of a `sid`, or all of a `sub`."""
        with self._database.transaction() as tx:
            self._end(tx, sid, sub)

    def heard(self, jti: str) -> bool:
        """Whether a message of the provider was acted on before."""
        return self._database.one("SELECT 1 FROM kit_logout_token WHERE jti = ?", (jti,)) is not None

    def remember(self, jti: str, until: float) -> None:
        """A message of the provider was acted on."""
        with self._database.transaction() as tx:
            tx.execute("DELETE FROM kit_logout_token WHERE until < ?", (self._clock(),))
            tx.execute("INSERT OR IGNORE INTO kit_logout_token (jti, until) VALUES (?, ?)", (jti, until))

    def _end(self, tx: Transaction, sid: str | None, sub: str | None) -> None:
        if sid:
            until = self._clock() + 3600
            tx.execute("DELETE FROM kit_session WHERE sid = ? AND (? IS NULL OR sub = ?)", (sid, sub, sub))
            tx.execute("INSERT OR REPLACE INTO kit_ended_sid (sid, until) VALUES (?, ?)", (sid, until))
        else:
            tx.execute("DELETE FROM kit_session WHERE sub = ?", (sub,))
