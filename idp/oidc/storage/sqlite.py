"""The hot path on SQLite: few connections with their prepared statements, writers sharing transactions (group_commit.py).

There are as many connections as requests at work at once, not as threads; the one given back last, whose pages are the freshest, is
used first.

Between the look-up and the insert of `issue_code` nothing is held: a login that ends in between is caught when the code is redeemed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from ...foundation.database import Database, prepare_sqlite
from .group_commit import GroupCommit
from .interface import GRANT_COLUMNS, CodeRequest, GrantFacts, Redemption, Rotation, Standing, UserinfoFacts

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
_INSERT_CODE = """
INSERT INTO authorization_code (code_digest, grant_id, client_id, resident_id, session_id, redirect_uri, redirect_given, scope,
  nonce, challenge, claims, resource, sub, sid, factors, proofing, authenticated_at, expires_at, key_binding, rich)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_USE_CODE = """
UPDATE authorization_code SET used_at = :now
WHERE code_digest = :code AND client_id = :client_id AND challenge = :challenge AND used_at IS NULL AND expires_at > :now
  AND (redirect_uri = :redirect_uri OR (:redirect_uri IS NULL AND NOT redirect_given))
  AND (key_binding IS NULL OR key_binding = :binding)
  AND EXISTS (SELECT 1 FROM login_session ls JOIN resident r ON r.resident_id = ls.resident_id AND r.state = 'active'
              WHERE ls.session_id = authorization_code.session_id AND ls.ended_at IS NULL)
"""
_INSERT_GRANT = f"""
INSERT INTO oauth_grant ({GRANT_COLUMNS}, offline, created_at, key_binding)
SELECT grant_id, client_id, resident_id, session_id, scope, claims, resource, nonce, factors, proofing, authenticated_at, sid, sub,
       CASE WHEN instr(' ' || scope || ' ', ' offline_access ') > 0 THEN :expires
            ELSE min(:expires, (SELECT ls.expires_at FROM login_session ls WHERE ls.session_id = authorization_code.session_id)) END,
       rich, instr(' ' || scope || ' ', ' offline_access ') > 0, :now, :binding
FROM authorization_code WHERE code_digest = :code
RETURNING {GRANT_COLUMNS}
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

    def issue_code(self, token_digest: str, request: CodeRequest, now: int, idle_since: int) -> Standing | None:
        with self._connection() as connection:
            row = connection.execute(
                _STANDING,
                {
                    "sector": request.sector,
                    "client_id": request.client_id,
                    "token": token_digest,
                    "now": now,
                    "idle": idle_since,
                },
            ).fetchone()
            if row is None:
                return None
            session_id, resident_id, factors, proofing, authenticated_at, seen_at, sub, sid, consented = row
            proofing = (proofing or "").replace(",", " ")
            covered = request.needs_consent is None or (
                consented is not None and set(request.needs_consent.split()) <= set(consented.split())
            )
            issued = bool(sub and sid and covered and authenticated_at >= request.authenticated_since)
            if issued:
                values = (
                    request.code_digest, request.grant_id, request.client_id, resident_id, session_id, request.redirect_uri,
                    request.redirect_given, request.scope, request.nonce, request.challenge, request.claims, request.resource,
                    sub, sid, factors, proofing, authenticated_at, request.expires_at, request.key_binding,
                    request.rich,
                )  # fmt: skip
                self._commits.write(connection, lambda c: c.execute(_INSERT_CODE, values).rowcount)
        return Standing(
            issued, session_id, resident_id, factors, proofing, authenticated_at, seen_at, sub, sid, consented
        )

    def redeem_code(self, redemption: Redemption, now: int) -> GrantFacts | None:
        values = {
            "now": now,
            "code": redemption.code_digest,
            "client_id": redemption.client_id,
            "challenge": redemption.challenge,
            "redirect_uri": redemption.redirect_uri,
            "binding": redemption.key_binding,
        }
        grant = {
            "now": now,
            "code": redemption.code_digest,
            "expires": redemption.grant_expires_at,
            "binding": redemption.grant_binding,
        }

        def redeem(connection: sqlite3.Connection) -> GrantFacts | None:
            if connection.execute(_USE_CODE, values).rowcount != 1:
                return None
            row = connection.execute(_INSERT_GRANT, grant).fetchone()
            if redemption.refresh_digest is not None:
                connection.execute(_INSERT_REFRESH, (redemption.refresh_digest, row[0], redemption.refresh_expires_at))
            return GrantFacts(*row)

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
