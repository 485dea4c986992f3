"""Tables of a departmental office. Times are RFC 3339 text with offset, dates YYYY-MM-DD."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS office_case (
    number TEXT PRIMARY KEY,
    draft TEXT,
    procedure TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('online', 'counter', 'post', 'phone', 'remote')),
    sub TEXT,
    local_number TEXT CHECK (length(local_number) <> 12),
    applicant TEXT NOT NULL,
    birthdate TEXT NOT NULL,
    address TEXT NOT NULL,
    answers TEXT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('sent', 'received', 'in_review', 'action_required', 'on_hold', 'decided',
        'completed', 'withdrawn', 'expired')),
    outcome TEXT CHECK (outcome IN ('approved', 'partly', 'rejected', 'dismissed', 'withdrawn')),
    reason_ja TEXT NOT NULL DEFAULT '',
    reason_en TEXT NOT NULL DEFAULT '',
    act_by TEXT,
    received_at TEXT NOT NULL,
    expected_by TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (sub, draft),
    CHECK (sub IS NOT NULL OR local_number IS NOT NULL),
    CHECK (phase <> 'action_required' OR reason_ja <> ''),
    CHECK (outcome IS NOT 'rejected' OR reason_ja <> '')
) STRICT;
CREATE INDEX IF NOT EXISTS office_case_sub ON office_case (sub, updated_at);
CREATE INDEX IF NOT EXISTS office_case_phase ON office_case (phase, updated_at);

CREATE TABLE IF NOT EXISTS office_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT NOT NULL REFERENCES office_case (number),
    at TEXT NOT NULL,
    actor TEXT NOT NULL CHECK (actor IN ('resident', 'staff')),
    who TEXT NOT NULL,
    phase TEXT NOT NULL,
    outcome TEXT,
    text_ja TEXT NOT NULL DEFAULT '',
    text_en TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX IF NOT EXISTS office_change_number ON office_change (number, id);

CREATE TABLE IF NOT EXISTS office_failed_signin (address TEXT NOT NULL, at REAL NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS office_failed_signin_address ON office_failed_signin (address, at);
CREATE TABLE IF NOT EXISTS office_seeded (name TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT;
"""
