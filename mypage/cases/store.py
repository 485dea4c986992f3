"""Where cases are kept, and which parts of pages show them."""

from __future__ import annotations

from ..families import Store
from .model import Case, CaseEvent

CASES = Store(Case, "subject")
HISTORY = Store(CaseEvent, "history_id")
SHOWN_ON = ("home", "cases")
