"""What those who derive something from a case are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..columns import Row

Notify = Literal["auto", "silent", "urgent"]


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A case as it is now, as it was (None: it is new), and how loudly the department wants it told."""

    case: Row
    before: Row | None
    notify: Notify
