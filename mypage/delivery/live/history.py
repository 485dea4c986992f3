"""What was told lately, by resident: for pages that come back and say up to where they had heard."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from idp.front.storage import Mark

MOST = 100_000
"""Changes kept; some 10 MB."""


class History:
    """Changes in the order of their marks."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._order: deque[tuple[Mark, str]] = deque()
        self._changes: dict[str, deque[tuple[Mark, tuple[str, ...]]]] = {}
        self._from: Mark | None = None

    def begin(self, mark: Mark) -> None:
        """Forget everything: what was before `mark` is not known."""
        self._order.clear()
        self._changes.clear()
        self._from = mark

    def add(self, mark: Mark, resident_id: str, fragments: tuple[str, ...]) -> None:
        self._order.append((mark, resident_id))
        self._changes.setdefault(resident_id, deque()).append((mark, fragments))
        if len(self._order) > self._most:
            self._from, oldest = self._order.popleft()
            self._changes[oldest].popleft()
            if not self._changes[oldest]:
                del self._changes[oldest]

    def since(self, resident_id: str, mark: Mark | None) -> Iterable[str] | None:
        """Fragments that changed after `mark`; None if that cannot be known."""
        if mark is None or self._from is None or mark.epoch != self._from.epoch or mark < self._from:
            return None
        found: dict[str, None] = {}
        for at, fragments in self._changes.get(resident_id, ()):
            if at > mark:
                found.update(dict.fromkeys(fragments))
        return found
