"""The hot path on PostgreSQL: one statement a request (CTEs with RETURNING), autocommit, prepared after the first use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from psycopg import Connection, Cursor
from psycopg_pool import ConnectionPool

from ...foundation.database import Database
from .interface import GRANT_COLUMNS, CodeRequest, GrantFacts, Redemption, Rotation, Standing, UserinfoFacts

_ISSUE = """
WITH s AS (
  SELECT ls.session_id, ls.resident_id, ls.factors,
         coalesce((SELECT string_agg(DISTINCT ce.method, ' ') FROM ceremony ce WHERE ce.resident_id = ls.resident_id), '') AS proofing,
         ls.authenticated_at, ls.seen_at, si.sub, sc.sid, co.scope AS consented
  FROM login_session ls
  JOIN resident r ON r.resident_id = ls.resident_id AND r.state = 'active'
  LEFT JOIN subject_identifier si ON si.resident_id = ls.resident_id AND si.sector = %(sector)s
  LEFT JOIN session_client sc ON sc.session_id = ls.session_id AND sc.client_id = %(client_id)s
  LEFT JOIN consent co ON co.resident_id = ls.resident_id AND co.client_id = %(client_id)s AND co.ended_at IS NULL
  WHERE ls.token_digest = %(token)s AND ls.ended_at IS NULL AND ls.expires_at > %(now)s AND ls.seen_at > %(idle)s
), i AS (
  INSERT INTO authorization_code (code_digest, grant_id, client_id, resident_id, session_id, redirect_uri, redirect_given, scope,
    nonce, challenge, claims, resource, sub, sid, factors, proofing, authenticated_at, expires_at, key_binding, rich)
  SELECT %(code)s, %(grant_id)s, %(client_id)s, s.resident_id, s.session_id, %(redirect_uri)s, %(redirect_given)s, %(scope)s,
    %(nonce)s, %(challenge)s, %(claims)s, %(resource)s, s.sub, s.sid, s.factors, s.proofing, s.authenticated_at, %(expires)s,
    %(binding)s, %(rich)s
  FROM s
  WHERE s.sub IS NOT NULL AND s.sid IS NOT NULL AND s.authenticated_at >= %(since)s
    AND (%(needs)s::text IS NULL OR string_to_array(%(needs)s::text, ' ') <@ string_to_array(s.consented, ' '))
  RETURNING 1
)
SELECT EXISTS (SELECT 1 FROM i), s.session_id, s.resident_id, s.factors, s.proofing, s.authenticated_at, s.seen_at, s.sub, s.sid,
       s.consented
FROM s
"""
_REDEEM = f"""
WITH c AS (
  UPDATE authorization_code ac SET used_at = %(now)s
  FROM login_session ls, resident r
  WHERE ac.code_digest = %(code)s AND ac.client_id = %(client_id)s AND ac.challenge = %(challenge)s
    AND ac.used_at IS NULL AND ac.expires_at > %(now)s
    AND (ac.redirect_uri = %(redirect_uri)s::text OR (%(redirect_uri)s::text IS NULL AND NOT ac.redirect_given))
    AND (ac.key_binding IS NULL OR ac.key_binding = %(binding)s::text)
    AND ls.session_id = ac.session_id AND ls.ended_at IS NULL
    AND r.resident_id = ac.resident_id AND r.state = 'active'
  RETURNING ac.*, ls.expires_at AS login_ends, string_to_array(ac.scope, ' ') @> ARRAY['offline_access'] AS offline
), g AS (
  INSERT INTO oauth_grant ({GRANT_COLUMNS}, offline, created_at, key_binding)
  SELECT grant_id, client_id, resident_id, session_id, scope, claims, resource, nonce, factors, proofing, authenticated_at, sid, sub,
         CASE WHEN offline THEN %(grant_expires)s ELSE least(%(grant_expires)s, login_ends) END,
         rich, offline, %(now)s, %(grant_binding)s
  FROM c
  RETURNING {GRANT_COLUMNS}
), t AS (
  INSERT INTO refresh_token (token_digest, grant_id, expires_at)
  SELECT %(refresh)s::text, grant_id, %(refresh_expires)s FROM c WHERE %(refresh)s::text IS NOT NULL
)
SELECT {GRANT_COLUMNS} FROM g
"""  # noqa: S608 - constants only
_G = ", ".join("g." + c for c in GRANT_COLUMNS.split(", "))
_ROTATE = f"""
WITH t AS (
  UPDATE refresh_token SET spent_at = %(now)s, successor_sealed = %(sealed)s
  FROM oauth_grant g, resident r
  WHERE token_digest = %(token)s AND spent_at IS NULL AND refresh_token.expires_at > %(now)s
    AND g.grant_id = refresh_token.grant_id AND g.client_id = %(client_id)s AND g.revoked_at IS NULL AND g.expires_at > %(now)s
    AND (g.key_binding IS NULL OR g.key_binding = %(binding)s::text)
    AND r.resident_id = g.resident_id AND r.state = 'active'
  RETURNING {_G}
), n AS (
  INSERT INTO refresh_token (token_digest, grant_id, expires_at)
  SELECT %(successor)s, grant_id, least(%(expires)s, expires_at) FROM t
)
SELECT {GRANT_COLUMNS} FROM t
"""  # noqa: S608 - constants only
_USERINFO = f"""
SELECT {_G}, r.attributes
FROM oauth_grant g JOIN resident r ON r.resident_id = g.resident_id AND r.state = 'active'
WHERE g.grant_id = %(grant_id)s AND g.revoked_at IS NULL AND g.expires_at > %(now)s
  AND NOT EXISTS (SELECT 1 FROM revoked_token rt WHERE rt.jti = %(jti)s)
"""  # noqa: S608 - constants only


# Every statement here finds its rows by index, whatever the tables hold: planned once per connection instead of at each execution,
# which is a fifth of the server's time; without sequential scans, which a plan made on a table still empty would keep.
_SETTINGS = ("plan_cache_mode = force_generic_plan", "enable_seqscan = off", "jit = off")


class _Connection(Connection[tuple[Any, ...]]):
    """With one cursor for all its statements, in binary: half the client's time of a new text cursor each."""

    @cached_property
    def hot(self) -> Cursor[tuple[Any, ...]]:
        return self.cursor(binary=True)


def _configure(connection: _Connection) -> None:
    for setting in _SETTINGS:
        connection.execute(f"SET {setting}")


class PostgresStore:
    """See `interface.HotStore`."""

    def __init__(self, database: Database, max_size: int = 16) -> None:
        conninfo = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._pool = ConnectionPool(
            conninfo,
            connection_class=_Connection,
            configure=_configure,
            min_size=1,
            max_size=max_size,
            open=True,
            kwargs={"autocommit": True, "prepare_threshold": 1},
            check=None,
        )

    def issue_code(self, token_digest: str, request: CodeRequest, now: int, idle_since: int) -> Standing | None:
        values = {
            "token": token_digest, "now": now, "idle": idle_since, "sector": request.sector, "client_id": request.client_id,
            "code": request.code_digest, "grant_id": request.grant_id, "redirect_uri": request.redirect_uri,
            "redirect_given": request.redirect_given, "scope": request.scope, "nonce": request.nonce,
            "challenge": request.challenge, "claims": request.claims, "resource": request.resource,
            "expires": request.expires_at, "since": request.authenticated_since, "needs": request.needs_consent,
            "binding": request.key_binding, "rich": request.rich,
        }  # fmt: skip
        with self._connection() as connection:
            row = connection.hot.execute(_ISSUE, values).fetchone()
        return None if row is None else Standing(*row)

    def redeem_code(self, redemption: Redemption, now: int) -> GrantFacts | None:
        values = {
            "now": now, "code": redemption.code_digest, "client_id": redemption.client_id,
            "challenge": redemption.challenge, "redirect_uri": redemption.redirect_uri,
            "refresh": redemption.refresh_digest, "refresh_expires": redemption.refresh_expires_at,
            "grant_expires": redemption.grant_expires_at, "binding": redemption.key_binding,
            "grant_binding": redemption.grant_binding,
        }  # fmt: skip
        with self._connection() as connection:
            row = connection.hot.execute(_REDEEM, values).fetchone()
        return None if row is None else GrantFacts(*row)

    def rotate_refresh(self, rotation: Rotation, now: int) -> GrantFacts | None:
        values = {
            "now": now, "token": rotation.token_digest, "client_id": rotation.client_id,
            "successor": rotation.successor_digest, "sealed": rotation.successor_sealed,
            "expires": rotation.successor_expires_at, "binding": rotation.key_binding,
        }  # fmt: skip
        with self._connection() as connection:
            row = connection.hot.execute(_ROTATE, values).fetchone()
        return None if row is None else GrantFacts(*row)

    def userinfo(self, grant_id: str, jti: str, now: int) -> UserinfoFacts | None:
        with self._connection() as connection:
            row = connection.hot.execute(_USERINFO, {"grant_id": grant_id, "jti": jti, "now": now}).fetchone()
        return None if row is None else UserinfoFacts(GrantFacts(*row[:-1]), row[-1])

    def close(self) -> None:
        self._pool.close()

    @contextmanager
    def _connection(self) -> Iterator[_Connection]:
        """The pool's own `connection()` would end a transaction each time; here each statement is its own."""
        connection = self._pool.getconn()
        try:
            yield connection
        finally:
            self._pool.putconn(connection)
