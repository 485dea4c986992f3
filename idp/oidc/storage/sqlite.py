"""The hot path on SQLite: few connections with their prepared statements, writers sharing transactions (group_commit.py).

There are as many connections as requests at work at once, not as threads; the one given back last, whose pages are the freshest, is
used first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from ...foundation.database import Database, prepare_sqlite
from .group_commit import GroupCommit
from .interface import GRANT_COLUMNS, GrantFacts, Redemption, Rotation, Standing, UserinfoFacts, grant_values

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
INSERT INTO oauth_grant ({GRANT_COLUMNS}, offline, created_at, key_binding)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, CASE WHEN ?16 THEN ?14 ELSE min(?14, ls.expires_at) END, ?15,
       ?16, ?17, ?18
FROM login_session ls JOIN resident r ON r.resident_id = ls.resident_id AND r.state = 'active'
WHERE ls.session_id = ?4 AND ls.resident_id = ?3 AND ls.ended_at IS NULL
ON CONFLICT (grant_id) DO NOTHING
RETURNING expires_at
"""  # noqa: S608 - constants only
_INSERT_REFRESH = "INSERT INTO refresh_token (token_digest, grant_id, expires_at) VALUES (?, ?, ?)"
_LIVE_GRANT_OF_TOKEN = f"""
SELECT {", ".join("g." + c for c in GRANT_COLUMNS.split(", "))}
FROM refresh_token t JOIN oauth_grant g ON g.grant_id = t.grant_id JOIN resident r ON r.resident_id = g.resident_id
WHERE t.token_digest = :token AND t.spent_at IS NULL AND t.expires_at > :now
  AND g.client_id = :client_id AND g.revoked_at IS NULL AND g.expires_at > :now AND r.state = 'active'
  AND (g.key_binding IS NULL OR g.key_binding = :binding)
"""  # noqa: S608 - constants only
_SPEND = "UPDATE refresh_token SET spent_at = ?, successor_sealed = ? WHERE token_digest = ? AND spent_at IS NULL"
_USERINFO = f"""
SELECT {", ".join("g." + c for c in GRANT_COLUMNS.split(", "))}, r.attributes
FROM oauth_grant g JOIN resident r ON r.resident_id = g.resident_id AND r.state = 'active'
WHERE g.grant_id = :grant_id AND g.revoked_at IS NULL AND g.expires_at > :now
  AND NOT EXISTS (SELECT 1 FROM revoked_token rt WHERE rt.jti = :jti)
"""  # noqa: S608 - constants only


class SqliteStore:
    """See `interface.HotStore`."""

    def __init__(self, database: Database) -> None:
        self._path = str(database.url.database)
        self._commits = GroupCommit(database.write_queue)
        self._idle: list[sqlite3.Connection] = []

    def standing(self, token_digest: str, sector: str, client_id: str, now: int, idle_since: int) -> Standing | None:
        values = {"sector": sector, "client_id": client_id, "token": token_digest, "now": now, "idle": idle_since}
        with self._connection() as connection:
            row = connection.execute(_STANDING, values).fetchone()
        if row is None:
            return None
        session_id, resident_id, factors, proofing, *more = row
        return Standing(session_id, resident_id, factors, (proofing or "").replace(",", " "), *more)

    def redeem_code(self, redemption: Redemption, now: int) -> int | None:
        grant = redemption.grant
        values = (*grant_values(grant), redemption.offline, now, redemption.key_binding)

        def redeem(connection: sqlite3.Connection) -> int | None:
            row = connection.execute(_INSERT_GRANT, values).fetchone()
            if row is None:
                return None
            if redemption.refresh_digest is not None:
                connection.execute(
                    _INSERT_REFRESH, (redemption.refresh_digest, grant.grant_id, redemption.refresh_expires_at)
                )
            return int(row[0])

        with self._connection() as connection:
            return self._commits.write(connection, redeem)

    def rotate_refresh(self, rotation: Rotation, now: int) -> GrantFacts | None:
        values = {
            "token": rotation.token_digest,
            "now": now,
            "client_id": rotation.client_id,
            "binding": rotation.key_binding,
        }

        def rotate(connection: sqlite3.Connection) -> GrantFacts | None:
            row = connection.execute(_LIVE_GRANT_OF_TOKEN, values).fetchone()
            if row is None:
                return None
            grant = GrantFacts(*row)
            connection.execute(_SPEND, (now, rotation.successor_sealed, rotation.token_digest))
            expires_at = min(rotation.successor_expires_at, grant.expires_at)
            connection.execute(_INSERT_REFRESH, (rotation.successor_digest, grant.grant_id, expires_at))
            return grant

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
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = sqlite3.connect(self._path, timeout=15, check_same_thread=False, cached_statements=64)
            prepare_sqlite(connection)
        try:
            yield connection
        finally:
            self._idle.append(connection)
