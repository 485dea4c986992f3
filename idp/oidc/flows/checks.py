"""What a flow does, as a list: tables of named checks in the order in which they run. docs/protocol.md is made from what runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..server import Provider

Asked = TypeVar("Asked", contravariant=True)
Missing = TypeVar("Missing", covariant=True)


@dataclass(frozen=True)
class Check(Generic[Asked, Missing]):
    """One row. `run` is named for what it checks, and the first line of its docstring says what must hold; what it finds it writes
    into what is asked. It raises, or returns what is missing where a page can mend that.

    `paragraph` says who asks for it, `refusal` what comes of it if it fails.
    """

    run: Callable[[Provider, Asked], Missing | None]
    paragraph: str
    refusal: str


@dataclass(frozen=True)
class Table(Generic[Asked, Missing]):
    """Rows in order: the first that does not pass decides. Rows shared by several flows stand in each of their tables."""

    title: str
    checks: tuple[Check[Asked, Missing], ...]

    def run(self, op: Provider, asked: Asked) -> Missing | None:
        """None when all pass; what the first that does not pass misses. Raises what the checks raise."""
        for check in self.checks:
            missing = check.run(op, asked)
            if missing is not None:
                return missing
        return None

    def __iter__(self) -> Iterator[Check[Asked, Missing]]:
        return iter(self.checks)
