"""PIN and password counters, as a card keeps them: a right entry resets, too many wrong ones lock until reset."""

import hmac
from dataclasses import dataclass
from threading import Lock
from typing import Literal

Secret = Literal["pin", "password"]

TEST_VALUES: dict[Secret, str] = {"pin": "1234", "password": "ABC123"}
TRIES: dict[Secret, int] = {"pin": 3, "password": 5}


@dataclass(frozen=True, slots=True)
class Entry:
    """Outcome of one entry: right or not, and how many tries are left (0 = locked)."""

    right: bool
    left: int


class Counters:
    """Tries left of every card, in memory."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._misses: dict[tuple[str, Secret], int] = {}

    def enter(self, card: str, secret: Secret, value: str) -> Entry:
        """Try a value. A locked card stays locked even for the right one."""
        with self._lock:
            misses = self._misses.get((card, secret), 0)
            if misses >= TRIES[secret]:
                return Entry(right=False, left=0)
            right = hmac.compare_digest(value.encode(), TEST_VALUES[secret].encode())
            misses = 0 if right else misses + 1
            self._misses[card, secret] = misses
            return Entry(right, TRIES[secret] - misses)

    def locked(self, card: str, secret: Secret) -> bool:
        """Whether no try is left."""
        with self._lock:
            return self._misses.get((card, secret), 0) >= TRIES[secret]

    def any_missed(self) -> bool:
        """Whether some card has fewer tries than at first."""
        with self._lock:
            return any(self._misses.values())

    def reset(self) -> None:
        """Give every card all its tries back."""
        with self._lock:
            self._misses.clear()
