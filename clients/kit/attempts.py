"""Sign-ins that are under way: one record per attempt, so that several tabs do not disturb each other."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from .database import Database
from .sessions import fingerprint

LIFETIME = 15 * 60
MAX_PER_BROWSER = 10
MAX_ALL = 20_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """What must be known when the browser returns. `verifier` is the PKCE code_verifier (RFC 7636)."""

    state: str
    nonce: str
    verifier: str
    return_to: str


class AttemptStore:
    """Attempts by `state`, each bound to one browser (by its `_browser` cookie) and usable once."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def begin(self, browser: str, return_to: str, kind: str = "login") -> Attempt:
        """Start an attempt. A browser's oldest ones beyond ten are dropped, and all older than fifteen minutes."""
        attempt = Attempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), return_to)
        now = self._clock()
        key = fingerprint(browser)
        with self._database.transaction() as tx:
            tx.execute("DELETE FROM kit_attempt WHERE created_at < ?", (now - LIFETIME,))
            tx.execute(
                "INSERT INTO kit_attempt (state_hash, browser_hash, kind, nonce, verifier, return_to, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (fingerprint(attempt.state), key, kind, attempt.nonce, attempt.verifier, return_to, now),
            )
            tx.execute(
                "DELETE FROM kit_attempt WHERE state_hash IN (SELECT state_hash FROM kit_attempt"
                " WHERE browser_hash = ? ORDER BY created_at DESC, rowid DESC LIMIT -1 OFFSET ?)",
                (key, MAX_PER_BROWSER),
            )
            tx.execute(
                "DELETE FROM kit_attempt WHERE rowid IN (SELECT rowid FROM kit_attempt"
                " ORDER BY created_at DESC LIMIT -1 OFFSET ?)",
                (MAX_ALL,),
            )
        return attempt

    def take(self, browser: str, state: str, kind: str = "login") -> Attempt | None:
        """Use up the attempt with this `state`; None if it is unknown, spent, too old, or of another browser."""
        with self._database.transaction() as tx:
            row = tx.one(
                "DELETE FROM kit_attempt WHERE state_hash = ? AND browser_hash = ? AND kind = ? AND created_at >= ?"
                " RETURNING nonce, verifier, return_to",
                (fingerprint(state), fingerprint(browser), kind, self._clock() - LIFETIME),
            )
        return Attempt(state, row["nonce"], row["verifier"], row["return_to"]) if row else None
