"""The families that my page has: each registers itself, everybody else asks here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from .family import EventType, Family

_families: dict[str, Family] = {}
_types: dict[str, EventType] = {}


def register(family: Family) -> None:
    """Call once for a family, before the application is built. Those that it follows come before it."""
    if family.name in _families:
        raise ValueError(f"there is a family {family.name} already")
    if unknown := [f.family for f in family.follows if f.family not in _families]:
        raise ValueError(f"{family.name} follows families that are not there: {', '.join(unknown)}")
    _families[family.name] = family
    _types.update({t.name: t for t in family.types})


@contextmanager
def registered(family: Family) -> Iterator[None]:
    """For a while only."""
    register(family)
    try:
        yield
    finally:
        del _families[family.name]
        for event_type in family.types:
            del _types[event_type.name]


def families() -> Collection[Family]:
    """In the order in which they registered."""
    return _families.values()


def event_types() -> Mapping[str, EventType]:
    """Every type that may be sent, by its name."""
    return _types
