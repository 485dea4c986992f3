"""The kit's own tables in the app's database. Times are epoch seconds; identifiers of browsers are kept as SHA-256."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS kit_session (
    id_hash TEXT PRIMARY KEY,
    sub TEXT NOT NULL,
    sid TEXT,
    id_token TEXT NOT NULL,
    claims TEXT NOT NULL,
    created_at REAL NOT NULL,
    seen_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS kit_session_sid ON kit_session (sid);
CREATE INDEX IF NOT EXISTS kit_session_sub ON kit_session (sub);

CREATE TABLE IF NOT EXISTS kit_attempt (
    state_hash TEXT PRIMARY KEY,
    browser_hash TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('login', 'logout')),
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    return_to TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS kit_attempt_browser ON kit_attempt (browser_hash, created_at);
CREATE INDEX IF NOT EXISTS kit_attempt_created ON kit_attempt (created_at);

CREATE TABLE IF NOT EXISTS kit_logout_token (jti TEXT PRIMARY KEY, until REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS kit_ended_sid (sid TEXT PRIMARY KEY, until REAL NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS kit_sequence (subject TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS kit_outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'rejected')),
    result TEXT,
    problem TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    done_at REAL
) STRICT;
CREATE INDEX IF NOT EXISTS kit_outbox_waiting ON kit_outbox (position) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS kit_outbox_subject ON kit_outbox (subject, position);
"""
