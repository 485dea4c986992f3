"""The hot path on PostgreSQL: one statement a request (CTEs with RETURNING), each a transaction of its own (prepared.py)."""

from __future__ import annotations

from ...foundation.database import Database
from ...foundation.dead_connections import conninfo
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
from .prepared import ConnectionPool, Statement

_STANDING = Statement(
    "standing",
    """
SELECT ls.session_id, ls.resident_id, ls.factors,
       coalesce((SELECT string_agg(DISTINCT ce.method, ' ') FROM ceremony ce WHERE ce.resident_id = ls.resident_id), ''),
       ls.authenticated_at, ls.seen_at, si.sub, sc.sid, co.scope
FROM login_session ls
JOIN resident r ON r.resident_id = ls.resident_id AND r.state = 'active'
LEFT JOIN subject_identifier si ON si.resident_id = ls.resident_id AND si.sector = %(sector)s
LEFT JOIN session_client sc ON sc.session_id = ls.session_id AND sc.client_id = %(client_id)s
LEFT JOIN consent co ON co.resident_id = ls.resident_id AND co.client_id = %(client_id)s AND co.ended_at IS NULL
WHERE ls.token_digest = %(token)s AND ls.ended_at IS NULL AND ls.expires_at > %(now)s AND ls.seen_at > %(idle)s
""",
    only_reads=True,
)
_GRANT_VALUES = ", ".join(
    {
        "session_id": "ls.session_id",
        "resident_id": "ls.resident_id",
        "expires_at": "CASE WHEN %(offline)s THEN %(expires_at)s ELSE least(%(expires_at)s, ls.expires_at) END",
    }.get(name, f"%({name})s")
    for name in GRANT_NAMES
)
_REDEEM = Statement(
    "redeem_code",
    f"""
INSERT INTO oauth_grant ({GRANT_COLUMNS}, offline, created_at, key_binding, refresh_digest, refresh_expires_at)
SELECT {_GRANT_VALUES}, %(offline)s, %(now)s, %(binding)s, %(refresh)s, %(refresh_expires)s
FROM login_session ls JOIN resident r ON r.resident_id = ls.resident_id AND r.state = 'active'
JOIN session_client sc ON sc.session_id = ls.session_id AND sc.client_id = %(client_id)s AND sc.sid = %(sid)s
JOIN client c ON c.client_id = sc.client_id AND c.active
WHERE ls.session_id = %(session_id)s AND ls.resident_id = %(resident_id)s AND ls.ended_at IS NULL
FOR KEY SHARE OF sc
ON CONFLICT (grant_id) DO NOTHING
RETURNING expires_at
""",  # noqa: S608 - constants only
)
_G = ", ".join("g." + c for c in GRANT_NAMES)
_ROTATE = Statement(
    "rotate_refresh",
    f"""
UPDATE oauth_grant g SET refresh_before = g.refresh_digest, refresh_digest = %(successor)s, refresh_used_at = %(now)s,
  refresh_count = %(count)s, refresh_expires_at = least(%(expires)s, g.expires_at)
FROM resident r, client c
WHERE g.grant_id = %(grant_id)s AND g.refresh_digest = %(token)s AND g.refresh_expires_at > %(now)s
  AND g.client_id = %(client_id)s AND g.revoked_at IS NULL AND g.expires_at > %(now)s
  AND (g.key_binding IS NULL OR g.key_binding = %(binding)s::text)
  AND r.resident_id = g.resident_id AND r.state = 'active' AND c.client_id = g.client_id AND c.active
RETURNING {_G}
""",  # noqa: S608 - constants only
)
_USERINFO = Statement(
    "userinfo",
    f"""
SELECT {_G}, r.attributes
FROM oauth_grant g JOIN resident r ON r.resident_id = g.resident_id AND r.state = 'active'
JOIN client c ON c.client_id = g.client_id AND c.active
WHERE g.grant_id = %(grant_id)s AND g.revoked_at IS NULL AND g.expires_at > %(now)s
  AND NOT EXISTS (SELECT 1 FROM revoked_token rt WHERE rt.jti = %(jti)s)
""",  # noqa: S608 - constants only
    only_reads=True,
)


class PostgresStore:
    """See `interface.HotStore`."""

    def __init__(self, database: Database, max_size: int = 16) -> None:
        self._lines = ConnectionPool(conninfo(database.engine, database.url), max_size, prepared=not database.pooled)

    def login_facts(
        self, token_digest: str, sector: str, client_id: str, now: int, idle_since: int
    ) -> LoginFacts | None:
        values = {"sector": sector, "client_id": client_id, "token": token_digest, "now": now, "idle": idle_since}
        row = self._lines.row(_STANDING, values)
        return None if row is None else LoginFacts(*row)

    def redeem_code(self, redemption: Redemption, now: int) -> int | None:
        values = dict(zip(GRANT_NAMES, grant_values(redemption.grant), strict=True)) | {
            "offline": redemption.offline, "now": now, "binding": redemption.key_binding,
            "refresh": redemption.refresh_digest, "refresh_expires": redemption.refresh_expires_at,
        }  # fmt: skip
        row = self._lines.row(_REDEEM, values)
        return None if row is None else row[0]

    def rotate_refresh(self, rotation: Rotation, now: int) -> GrantFacts | None:
        values = {
            "now": now, "grant_id": rotation.grant_id, "token": rotation.token_digest, "client_id": rotation.client_id,
            "successor": rotation.successor_digest, "count": rotation.successor_count, "expires": rotation.successor_expires_at,
            "binding": rotation.key_binding,
        }  # fmt: skip
        row = self._lines.row(_ROTATE, values)
        return None if row is None else GrantFacts(*row)

    def userinfo(self, grant_id: str, jti: str, now: int) -> UserinfoFacts | None:
        row = self._lines.row(_USERINFO, {"grant_id": grant_id, "jti": jti, "now": now})
        return None if row is None else UserinfoFacts(GrantFacts(*row[:-1]), row[-1])

    def close(self) -> None:
        self._lines.close()
