"""How many live streams this process and one resident may hold: each keeps one server thread."""

from __future__ import annotations

import threading

PER_PROCESS = 200
PER_RESIDENT = 8


class Place:
    """One stream's place. `lost`: a newer page of the same resident has it now."""

    def __init__(self, slots: Slots, resident_id: str) -> None:
        self._slots = slots
        self.resident_id = resident_id
        self.lost = False

    def release(self) -> None:
        """Give it back; may be called again."""
        self._slots.release(self)


class Slots:
    """Counts streams. A server notices only when it next writes that a page is gone, so a resident's oldest place is given
    to their newest page rather than refusing it."""

    def __init__(self, per_process: int = PER_PROCESS, per_resident: int = PER_RESIDENT) -> None:
        self.per_process = per_process
        self.per_resident = per_resident
        self._lock = threading.Lock()
        self._held: dict[str, list[Place]] = {}
        self._used = 0

    def take(self, resident_id: str) -> Place | None:
        """A place; None if the process is full and the resident has none to give up."""
        with self._lock:
            held = self._held.get(resident_id, [])
            if self._used >= self.per_process or len(held) >= self.per_resident:
                if not held:
                    return None
                held[0].lost = True
                self._remove(held[0])
            place = Place(self, resident_id)
            self._held.setdefault(resident_id, []).append(place)
            self._used += 1
            return place

    def release(self, place: Place) -> None:
        with self._lock:
            if place in self._held.get(place.resident_id, ()):
                self._remove(place)

    def _remove(self, place: Place) -> None:
        held = self._held[place.resident_id]
        held.remove(place)
        if not held:
            del self._held[place.resident_id]
        self._used -= 1

    @property
    def used(self) -> int:
        """Places taken now."""
        with self._lock:
            return self._used
