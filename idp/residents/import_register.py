"""Import of the resident register's extract: CSV, streamed, resumable, with a report of what was refused and why.

Columns: local_number, name, kana, birth_date (YYYY-MM-DD), sex (1, 2, 9), address; optional email, phone. A line is known by its
local number, so that importing the same file again changes only what changed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ..audit import AuditEventType, record
from ..foundation import clock
from ..foundation.database import Database
from ..foundation.ids import new_id
from ..foundation.untrusted_text import text_problem
from ..foundation.vault import Vault
from .attributes import Attributes, match_keys, seal, unseal
from .model import RegistryLink, Resident, ResidentState
from .my_number import looks_like_my_number

REQUIRED = ("local_number", "name", "kana", "birth_date", "sex", "address")
CHUNK = 500
_LOCAL_NUMBER = re.compile(r"[0-9A-Z]{1,11}|[0-9A-Z]{13,15}")


class RegisterFormatError(Exception):
    """The file as a whole cannot be read; the text says why."""


@dataclass
class ImportReport:
    """Counts of lines, and the refused ones as `(line number, reason)`."""

    added: int = 0
    changed: int = 0
    same: int = 0
    closed: int = 0
    """Lines of accounts that are closed: left as they are."""
    refused: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Line:
    number: int
    local_number: str
    attributes: Attributes


def import_register(
    database: Database, vault: Vault, lines: Iterable[str], progress: Callable[[int], None] = lambda _n: None
) -> ImportReport:
    """Import `lines` of CSV text in transactions of 500. Raises `RegisterFormatError` on a wrong header."""
    report = ImportReport()
    rows = _parse(lines, report)
    seen = 0
    while chunk := list(islice(rows, CHUNK)):
        with database.write() as session:
            _store(session, vault, chunk, report)
        seen += len(chunk)
        progress(seen)
    with database.write() as session:
        record(
            session,
            AuditEventType.REGISTER_IMPORTED,
            added=report.added,
            changed=report.changed,
            same=report.same,
            closed=report.closed,
            refused=len(report.refused),
        )
    return report


def _parse(lines: Iterable[str], report: ImportReport) -> Iterator[_Line]:
    reader = csv.DictReader(lines)
    missing = [name for name in REQUIRED if name not in (reader.fieldnames or ())]
    if missing:
        raise RegisterFormatError(f"missing columns: {', '.join(missing)}")
    known: set[str] = set()
    for raw in _readable(reader):
        number = reader.line_num
        row = {k: (v or "").strip() for k, v in raw.items() if isinstance(k, str) and not isinstance(v, list)}
        reason = _refuse(row)
        if reason is None and row["local_number"] in known:
            reason = "local_number appears twice in this file"
        if reason is not None:
            report.refused.append((number, reason))
            continue
        known.add(row["local_number"])
        attributes = Attributes(
            name=row["name"],
            kana=row["kana"],
            birth_date=row["birth_date"],
            sex=row["sex"],
            address=row["address"],
            email=row.get("email") or None,
            phone=row.get("phone") or None,
        )
        yield _Line(number, row["local_number"], attributes)


def _readable(reader: csv.DictReader[str]) -> Iterator[dict[str | Any, str | Any]]:
    try:
        yield from reader
    except csv.Error as error:
        raise RegisterFormatError(f"line {reader.line_num + 1}: {error}") from None


def _refuse(row: dict[str, str]) -> str | None:
    """Why a line is refused; the reason names columns, never values."""
    for name in REQUIRED:
        if not row.get(name):
            return f"{name} is empty"
    if any(looks_like_my_number(value) for value in row.values()):
        return "a value looks like a My Number, which must not be imported"
    if wrong := [name for name, value in row.items() if text_problem(value)]:
        return f"{wrong[0]} contains characters that cannot be seen"
    if not _LOCAL_NUMBER.fullmatch(row["local_number"]):
        return "local_number must be up to 15 digits or capitals, and not 12 characters"
    if not _is_date(row["birth_date"]):
        return "birth_date is not YYYY-MM-DD"
    if row["sex"] not in ("1", "2", "9"):
        return "sex must be 1, 2 or 9"
    if len(row["name"]) > 100 or len(row["kana"]) > 200 or len(row["address"]) > 200:
        return "name, kana or address is too long"
    return None


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text  # fromisoformat also takes 19890412 and week dates
    except ValueError:
        return False


def _store(session: Session, vault: Vault, chunk: list[_Line], report: ImportReport) -> None:
    indexes = {vault.index("local-number", line.local_number): line for line in chunk}
    # Under a former key the same number has another index; a line known by that one is not new.
    current = {
        every: index for index, line in indexes.items() for every in vault.indexes("local-number", line.local_number)
    }
    found = session.execute(
        select(RegistryLink.local_index, Resident)
        .join(Resident, Resident.resident_id == RegistryLink.resident_id)
        .where(RegistryLink.local_index.in_(current))
    )
    known = {current[index]: resident for index, resident in found.all()}
    now = clock.now()
    residents, links = [], []
    for index, line in indexes.items():
        values = line.attributes
        match_key, near_key = match_keys(vault, values.name, values.birth_date, values.address)
        if (resident := known.get(index)) is not None:
            if resident.state == ResidentState.CLOSED.value:
                report.closed += 1
                continue
            same = unseal(vault, resident.resident_id, resident.attributes) == values
            if not (same and resident.match_key == match_key):  # under a former key: written anew under this one
                resident.attributes = seal(vault, resident.resident_id, values)
                resident.match_key, resident.near_key, resident.changed_at = match_key, near_key, now
            report.same, report.changed = report.same + same, report.changed + (not same)
            continue
        resident_id = new_id()
        residents.append(
            {
                "resident_id": resident_id,
                "state": ResidentState.PENDING.value,
                "attributes": seal(vault, resident_id, values),
                "match_key": match_key,
                "near_key": near_key,
                "created_at": now,
                "changed_at": now,
            }
        )
        sealed = vault.encrypt(line.local_number.encode(), f"local-number:{resident_id}")
        links.append({"local_index": index, "resident_id": resident_id, "local_sealed": sealed})
        report.added += 1
    if residents:
        session.execute(insert(Resident), residents)
        session.execute(insert(RegistryLink), links)
