"""What a department says about itself: its procedures, their forms and its words. Everything else here is shared."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from clients.kit import Contact, Text

Kind = Literal["text", "textarea", "date", "select", "checkbox"]


@dataclass(frozen=True, slots=True)
class Field:
    """One question of an application form. `pattern` is a regular expression for the whole answer, after NFKC."""

    name: str
    label: Text
    kind: Kind = "text"
    required: bool = True
    hint: Text | None = None
    choices: tuple[tuple[str, Text], ...] = ()
    pattern: str | None = None
    max_length: int = 200
    inputmode: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """Something residents can apply for."""

    code: str
    title: Text
    summary: Text
    who: Text
    """Who may apply."""
    days: int
    """標準処理期間: days from filing within which the department means to decide."""
    fields: tuple[Field, ...]
    needed: tuple[Text, ...] = ()
    """What to have at hand."""
    labels: dict[str, Text] = field(default_factory=dict)
    """The department's own words for phases, and for outcomes as `decided:approved`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A department and its app. `folder` holds `static/` with its `accent.css` and `mark.svg`."""

    code: str
    name: Text
    service: Text
    tagline: Text
    city: Text
    prefix: str
    """Beginning of receipt numbers."""
    contact: Contact
    address: Text
    procedures: tuple[Procedure, ...]
    folder: Path
    takes_paper: bool = False

    def procedure(self, code: str) -> Procedure | None:
        """The procedure with this code."""
        return next((procedure for procedure in self.procedures if procedure.code == code), None)
