"""An event that is not taken."""

from __future__ import annotations

from typing import Any


class EventRefusedError(Exception):
    """An event cannot be applied: HTTP status, code, an English sentence, and members of the problem (RFC 9457)."""

    def __init__(self, status: int, code: str, detail: str, **members: Any) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.members = members
