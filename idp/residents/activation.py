"""Activation codes: a first way in for people without a card reader, from the counter or by post."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from ..audit import AuditEventType, record
from ..foundation import clock
from ..foundation.ids import AMBIGUOUS, READABLE
from ..foundation.vault import Vault
from .model import ActivationCode

# Minutes at the counter, where it is typed at once; 21 days by post (NIST SP 800-63A, confirmation codes).
LIFETIMES = {"counter": timedelta(minutes=30), "post": timedelta(days=21)}
_LENGTH = 12


def issue_activation_code(session: Session, vault: Vault, resident_id: str, channel: str) -> str:
    """A new one-use code (60 random bits; rate limits guard it), shown once as ``XXXX-XXXX-XXXX``."""
    code = "".join(secrets.choice(READABLE) for _ in range(_LENGTH))
    session.add(
        ActivationCode(
            code_index=vault.index("activation-code", code),
            resident_id=resident_id,
            channel=channel,
            expires_at=clock.now() + LIFETIMES[channel],
        )
    )
    return "-".join(code[i : i + 4] for i in range(0, _LENGTH, 4))


def parse_code(typed: str) -> str:
    """What a person typed, without hyphens and with O, I and L read as digits."""
    return typed.strip().upper().translate(AMBIGUOUS)


@dataclass(frozen=True)
class CodeOut:
    """A code as staff may see it: never the code itself. `state` is open | used | void | expired."""

    channel: str
    state: str
    wrong_dates: int
    expires_at: datetime


def codes_of(session: Session, resident_id: str, max_wrong_dates: int) -> list[CodeOut]:
    """A resident's codes, the one that lasts longest first."""
    rows = session.scalars(
        select(ActivationCode)
        .where(ActivationCode.resident_id == resident_id)
        .order_by(ActivationCode.expires_at.desc(), ActivationCode.code_index)
    )
    return [CodeOut(r.channel, _state(r, max_wrong_dates), r.wrong_dates, r.expires_at) for r in rows]


def _state(row: ActivationCode, max_wrong_dates: int) -> str:
    if row.used_at is not None:
        return "used"
    if row.wrong_dates >= max_wrong_dates:
        return "void"
    return "open" if row.expires_at > clock.now() else "expired"


def find_code(session: Session, vault: Vault, code: str) -> ActivationCode | None:
    """The row of a code that is not too old; used and void ones too."""
    return session.scalars(
        select(ActivationCode).where(
            ActivationCode.code_index.in_(vault.indexes("activation-code", code)),
            ActivationCode.expires_at > clock.now(),
        )
    ).first()


def use_up(session: Session, row: ActivationCode, max_wrong_dates: int) -> bool:
    """Use a code: True once, however many ask at once; this statement alone decides."""
    taken = session.scalar(
        update(ActivationCode)
        .where(*_usable(row, max_wrong_dates))
        .values(used_at=clock.now())
        .returning(ActivationCode.code_index)
    )
    return taken is not None


def count_wrong_date(session: Session, row: ActivationCode, max_wrong_dates: int) -> bool:
    """Count a wrong date of birth on the code, as many as come at once; the last one allowed voids it. False if it was over before."""
    counted = session.scalar(
        update(ActivationCode)
        .where(*_usable(row, max_wrong_dates))
        .values(wrong_dates=ActivationCode.wrong_dates + 1)
        .returning(ActivationCode.wrong_dates)
    )
    if counted is not None and counted >= max_wrong_dates:
        record(session, AuditEventType.ACTIVATION_CODE_VOIDED, resident_id=row.resident_id, channel=row.channel)
    return counted is not None


def is_void(session: Session, row: ActivationCode, max_wrong_dates: int) -> bool:
    """Whether wrong dates, and not its use, ended a code; as it is in the database now."""
    session.refresh(row)
    return _state(row, max_wrong_dates) == "void"


def _usable(row: ActivationCode, max_wrong_dates: int) -> tuple[ColumnElement[bool], ...]:
    return (
        ActivationCode.code_index == row.code_index,
        ActivationCode.used_at.is_(None),
        ActivationCode.wrong_dates < max_wrong_dates,
    )
