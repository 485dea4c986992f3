"""How many live streams this process and one resident may hold: each keeps one server thread."""

from __future__ import annotations

import threading
from collections import Counter

PER_PROCESS = 200
PER_RESIDENT = 8


class Slots:
    """Counts streams; `take` and `release` in pairs."""

    def __init__(self, per_process: int = PER_PROCESS, per_resident: int = PER_RESIDENT) -> None:
        self.per_process = per_process
        self.per_resident = per_resident
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()

    def take(self, resident_id: str) -> bool:
        """False if there is none left; then nothing was taken."""
        with self._lock:
            if self._held.total() >= self.per_process or self._held[resident_id] >= self.per_resident:
                return False
            self._held[resident_id] += 1
            return True

    def release(self, resident_id: str) -> None:
        with self._lock:
            self._held[resident_id] -= 1
            if not self._held[resident_id]:
                del self._held[resident_id]

    @property
    def used(self) -> int:
        """Streams open now."""
        with self._lock:
            return self._held.total()
