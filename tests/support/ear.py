"""A reader of the journal, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from idp.foundation.journal import Entry, JournalRow, Mark


class Ear:
    """A reader that remembers."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.marks: list[Mark] = []
        self.begun: list[Mark] = []
        self.said: list[str] = []

    def begin(self, lines: Sequence[JournalRow], mark: Mark) -> None:
        self.begun.append(mark)
        self.hear(lines)

    def hear(self, lines: Sequence[JournalRow]) -> None:
        self.entries += [line.entry for line in lines]
        self.marks += [line.mark for line in lines]

    def lost(self) -> None:
        self.said.append("lost")

    def back(self) -> None:
        self.said.append("back")
