"""Where notices are kept, and which parts of pages show them."""

from __future__ import annotations

from ..families import Store
from .model import Notice

NOTICES = Store(Notice, "subject", not_ours=("opened_at", "acknowledged_at", "disowned_at"))
SHOWN_ON = ("home", "notices", "badges")
