"""The form of an endpoint's table of checks: in order, each with its paragraph. docs/protocol.md is made from what runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True)
class Check(Generic[F]):
    """One row. `run` is named for what it checks; `paragraph` says who asks for it, `refusal` what comes of it if it fails."""

    run: F
    paragraph: str
    refusal: str
