"""The parts of one office that its operations need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from clients.kit import JST, CaseReporter, Database

from .definition import Department


def now() -> datetime:
    """The present, in Japan."""
    return datetime.now(JST)


@dataclass(frozen=True, slots=True)
class Office:
    """A department with its database and its line to my page."""

    department: Department
    database: Database
    reporter: CaseReporter
    base_url: str
    clock: Callable[[], datetime] = now


class OperationRefusedError(Exception):
    """An operation is not allowed or incomplete. `field` names the input at fault, `code` the reason.

    Codes: required, date, past_date, choice, format, too_long, individual_number, phase, changed, local_number.
    """

    def __init__(self, field: str, code: str) -> None:
        super().__init__(f"{field}: {code}")
        self.field = field
        self.code = code
