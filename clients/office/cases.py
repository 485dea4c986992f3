"""Reading cases and their history."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from clients.kit import Channel, Database, Outcome, Phase, Row, Transaction


@dataclass(frozen=True, slots=True)
class Case:
    """One application. `sub` is the resident who sees it here; `local_number` is set when it was filed on paper."""

    number: str
    procedure: str
    channel: Channel
    sub: str | None
    local_number: str | None
    applicant: str
    birthdate: str
    address: str
    answers: dict[str, str]
    phase: Phase
    outcome: Outcome | None
    reason_ja: str
    reason_en: str
    act_by: date | None
    received_at: datetime
    expected_by: date
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a case's history."""

    at: datetime
    actor: str
    who: str
    phase: Phase
    outcome: Outcome | None
    text_ja: str
    text_en: str


def read_case(row: Row) -> Case:
    """A row of `office_case`."""
    values: dict[str, Any] = {key: row[key] for key in row.keys() if key != "draft"}  # noqa: SIM118 - sqlite3.Row
    values["answers"] = json.loads(values["answers"])
    values["act_by"] = date.fromisoformat(values["act_by"]) if values["act_by"] else None
    values["expected_by"] = date.fromisoformat(values["expected_by"])
    for moment in ("received_at", "updated_at"):
        values[moment] = datetime.fromisoformat(values[moment])
    return Case(**values)


def find_case(source: Database | Transaction, number: str) -> Case | None:
    """A case by its number."""
    row = source.one("SELECT * FROM office_case WHERE number = ?", (number,))
    return read_case(row) if row else None


def history(source: Database | Transaction, number: str) -> list[Change]:
    """What happened to a case, oldest first."""
    sql = "SELECT at, actor, who, phase, outcome, text_ja, text_en FROM office_change WHERE number = ? ORDER BY id"
    rows = source.all(sql, (number,)) if isinstance(source, Database) else source.execute(sql, (number,)).fetchall()
    return [Change(datetime.fromisoformat(row["at"]), *(cast(Any, row[key]) for key in row.keys()[1:])) for row in rows]


def cases_of(database: Database, sub: str) -> list[Case]:
    """A resident's cases, the latest first."""
    rows = database.all("SELECT * FROM office_case WHERE sub = ? ORDER BY updated_at DESC LIMIT 200", (sub,))
    return [read_case(row) for row in rows]


def list_cases(
    database: Database, *, phase: str = "", procedure: str = "", channel: str = "", words: str = ""
) -> list[Case]:
    """Cases for the back office, the latest first, at most 200. Empty filters mean all."""
    like = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = database.all(
        "SELECT * FROM office_case WHERE (:phase = '' OR phase = :phase)"
        " AND (:procedure = '' OR procedure = :procedure) AND (:channel = '' OR channel = :channel)"
        " AND (:words = '' OR number LIKE :like ESCAPE '\\' OR applicant LIKE :like ESCAPE '\\')"
        " ORDER BY updated_at DESC LIMIT 200",
        {"phase": phase, "procedure": procedure, "channel": channel, "words": words, "like": like},
    )
    return [read_case(row) for row in rows]


def count_by_phase(database: Database) -> dict[str, int]:
    """How many cases are in each phase."""
    return {
        row["phase"]: row["n"] for row in database.all("SELECT phase, count(*) AS n FROM office_case GROUP BY phase")
    }
