"""What a family of events says about itself, once, so that nobody else has to know it by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flask import Blueprint
from sqlalchemy import Select
from sqlalchemy.orm import Session

from ..wire.event import Envelope
from .store import Store
from .unit_of_work import Status, UnitOfWork

Apply = Callable[[UnitOfWork, Any, str | None], tuple[Status, bool]]
"""Applies one event about the resident it names (None: it names nobody). Returns its status, and whether a sequence number was skipped;
raises `RefusedError` without having changed anything."""


class ClosedWords(NamedTuple):
    """A member that takes a closed set of words: any other is refused with a code of its own, which lists them."""

    code: str
    detail: str
    allowed: tuple[str, ...]


@dataclass(frozen=True)
class EventType:
    """One type of event, named `jp.machi.<family>.<what happened>.v<version>`: its shape is what is enforced and published."""

    name: str
    shape: type[Envelope]
    apply: Apply
    example: Mapping[str, Any]
    begins: bool = False
    """Whether such an event can be the first about its subject."""
    complete: Callable[[Any], None] | None = None
    """Raises `RefusedError` if an event that begins, of a resident not known yet, lacks what the first must say."""
    closed_words: Mapping[tuple[int | str, ...], ClosedWords] = field(default_factory=dict)
    """By the place of the member, as `("data", "phase")`."""
    refuses: tuple[str, ...] = ()
    """Codes of 422 problems that only this type answers with."""

    @property
    def family(self) -> str:
        return self.name.split(".")[2]

    @property
    def scope(self) -> str:
        """What an access token needs to send it."""
        return f"{self.family}:write"


@dataclass(frozen=True)
class Follow:
    """What a family derives from the rows of another."""

    family: str
    changed: Callable[[UnitOfWork, Any], None]
    """Called with what `UnitOfWork.changed` was given."""
    reads: Store | None = None
    """Rows that `changed` needs, by the subject of the other family's row."""


@dataclass(frozen=True)
class NavigationEntry:
    """An entry of the navigation. `name` is also that of the fragment which shows the list; `label` is a text of the catalogue."""

    name: str
    endpoint: str
    label: str
    icon: str
    count: Callable[[str], Select[int]] | None = None
    """The number beside it, for a resident; 0 shows none."""
    count_means: str = ""
    """What the number counts, for whoever hears it: a text of the catalogue."""


@dataclass(frozen=True)
class OnHome:
    """A family's part of the home page: what it shows of a resident, and the template that shows it."""

    read: Callable[[Session, str], Mapping[str, Any]]
    template: str
    announce: str | None = None
    """The template of what a screen reader hears when the page changes."""
    place: int = 100
    """Lower comes first."""


@dataclass(frozen=True)
class Family:
    """A family: a subject is one row within it. Its scope is `<name>:write`."""

    name: str
    store: Store
    """Its rows by the sender's own number (`subject`)."""
    types: tuple[EventType, ...]
    more_stores: tuple[Store, ...] = ()
    """Other tables that its events write to, after its own."""
    follows: tuple[Follow, ...] = ()
    pages: tuple[Blueprint, ...] = ()
    entry: NavigationEntry | None = None
    on_home: OnHome | None = None
    said_to_many: Callable[[Session, Collection[str]], Mapping[str, Mapping[str, Any]]] | None = None
    """Of rows that were posted together, by their ids: what each says, `{"title": {language: text}, "important": bool}`, if it says the
    same to so many that it is no single resident's affair. Open pages are told it with the change and need not all fetch at once.
    """
    forgets: tuple[Callable[[Session], object], ...] = ()
    """What each day deletes of it, by its rule of retention; each runs in a transaction of its own."""

    def __post_init__(self) -> None:
        if strangers := [t.name for t in self.types if t.family != self.name]:
            raise ValueError(f"types of another family than {self.name}: {', '.join(strangers)}")
