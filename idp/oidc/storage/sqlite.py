"""The hot path on SQLite: few connections with their prepared statements, writers sharing transactions (group_commit.py).

There are as many connections as requests at work at once, not as threads; the one given back last, whose pages are the freshest, is
used first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from ...foundation.database import Database, prepare_sqlite
from ...foundation.unavailable import as_unavailable
from .group_commit import GroupCommit
from .interface import (
    GRANT_COLUMNS,
    GRANT_NAMES,
    GrantFacts,
    LoginFacts,
    Redemption,
    Rotation,
    UserinfoFacts,
    grant_values,
)

_STANDING = """
SELECT ls.session_id, ls.resident_id, ls.factors,
       (SELECT group_concat(DISTINCT ce.method) FROM ceremony ce WHERE ce.resident_id = ls.resident_id),
       ls.authenticated_at, ls.seen_at, si.sub, sc.sid, co.scope
FROM login_session ls
JOIN resident r ON r.resident_id = ls.resident_id AND r.state = 'active'
LEFT JOIN subject_identifier si ON si.resident_id = ls.resident_id AND si.sector = :sector
LEFT JOIN session_client sc ON sc.session_id = ls.session_id AND sc.client_id = :client_id
LEFT JOIN consent co ON co.resident_id = ls.resident_id AND co.client_id = :client_id AND co.ended_at IS NULL
WHERE ls.token_digest = :token AND ls.ended_at IS NULL AND ls.expires_at > :now AND ls.seen_at > :idle
"""
_INSERT_GRANT = f"""
INSERT INTO oauth_grant ({GRANT_COLUMNS}, offline, created_at, key_binding, refresh_digest, refresh_expires_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, CASE WHEN ?16 THEN ?14 ELSE min(?14, ls.expires_at) END, ?15,
       ?16, ?17, ?18, ?19, ?20
FROM login_session ls JOIN resident r ON r.resident_id = ls.resident_id AND r.state = 'active'
JOIN session_client sc ON sc.session_id = ls.session_id AND sc.client_id = ?2 AND sc.sid = ?12
JOIN client c ON c.client_id = sc.client_id AND c.active
WHERE ls.session_id = ?4 AND ls.resident_id = ?3 AND ls.ended_at IS NULL
ON CONFLICT (grant_id) DO NOTHING
RETURNING expires_at
"""  # noqa: S608 - constants only
_ROTATE = f"""
UPDATE oauth_grant SET refresh_before = refresh_digest, refresh_digest = :successor, refresh_used_at = :now,
  refresh_count = :count, refresh_expires_at = min(:expires, expires_at)
WHERE grant_id = :grant_id AND refresh_digest = :token AND refresh_expires_at > :now
  AND client_id = :client_id AND revoked_at IS NULL AND expires_at > :now
  AND (key_binding IS NULL OR key_binding = :binding)
  AND EXISTS (SELECT 1 FROM resident r WHERE r.resident_id = oauth_grant.resident_id AND r.state = 'active')
  AND EXISTS (SELECT 1 FROM client c WHERE c.client_id = oauth_grant.client_id AND c.active)
RETURNING {GRANT_COLUMNS}
"""  # noqa: S608 - constants only
_USERINFO = f"""
SELECT {", ".join("g." + c for c in GRANT_NAMES)}, r.attributes
FROM oauth_grant g JOIN resident r ON r.resident_id = g.resident_id AND r.state = 'active'
JOIN client c ON c.client_id = g.client_id AND c.active
WHERE g.grant_id = :grant_id AND g.revoked_at IS NULL AND g.expires_at > :now
  AND NOT EXISTS (SELECT 1 FROM revoked_token rt WHERE rt.jti = :jti)
"""  # noqa: S608 - constants only


class SqliteStore:
    """See `interface.HotStore`."""

    def __init__(self, database: Database) -> None:
        self._path = str(database.url.database)
        self._commits = GroupCommit(database.write_queue)
        self._idle: list[sqlite3.Connection] = []

    def login_facts(
        self, token_digest: str, sector: str, client_id: str, now: int, idle_since: int
    ) -> LoginFacts | None:
        values = {"sector": sector, "client_id": client_id, "token": token_digest, "now": now, "idle": idle_since}
        with self._connection() as connection:
            row = connection.execute(_STANDING, values).fetchone()
        if row is None:
            return None
        session_id, resident_id, factors, proofing, *more = row
        return LoginFacts(session_id, resident_id, factors, (proofing or "").replace(",", " "), *more)

    def redeem_code(self, redemption: Redemption, now: int) -> int | None:
        values = (*grant_values(redemption.grant), redemption.offline, now, redemption.key_binding)
        refresh = (redemption.refresh_digest, redemption.refresh_expires_at)

        def redeem(connection: sqlite3.Connection) -> int | None:
            row = connection.execute(_INSERT_GRANT, (*values, *refresh)).fetchone()
            return None if row is None else int(row[0])

        with self._connection() as connection:
            return self._commits.write(connection, redeem)

    def rotate_refresh(self, rotation: Rotation, now: int) -> GrantFacts | None:
        values = {
            "grant_id": rotation.grant_id,
            "token": rotation.token_digest,
            "now": now,
            "client_id": rotation.client_id,
            "successor": rotation.successor_digest,
            "count": rotation.successor_count,
            "expires": rotation.successor_expires_at,
            "binding": rotation.key_binding,
        }

        def rotate(connection: sqlite3.Connection) -> GrantFacts | None:
            row = connection.execute(_ROTATE, values).fetchone()
            return None if row is None else GrantFacts(*row)

        with self._connection() as connection:
            return self._commits.write(connection, rotate)

    def userinfo(self, grant_id: str, jti: str, now: int) -> UserinfoFacts | None:
        with self._connection() as connection:
            row = connection.execute(_USERINFO, {"grant_id": grant_id, "jti": jti, "now": now}).fetchone()
        return None if row is None else UserinfoFacts(GrantFacts(*row[:-1]), row[-1])

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with as_unavailable():
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = sqlite3.connect(self._path, check_same_thread=False, cached_statements=64)
                prepare_sqlite(connection)
            try:
                yield connection
            finally:
                self._idle.append(connection)
