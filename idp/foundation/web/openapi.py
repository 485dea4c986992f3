"""What a route that programs call takes and answers, declared at its view as its caller is.

`@described(Operation(…))` is the whole declaration; `openapi_document.py` makes the OpenAPI document from the routes that carry one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NotRequired, TypeVar

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

View = TypeVar("View", bound=Callable[..., Any])


@with_config(ConfigDict(extra="allow"))
class Problem(TypedDict):
    """RFC 9457. `title` is a code that stays the same; further members depend on it."""

    type: str
    title: str
    status: int
    detail: str
    reference: NotRequired[str]
    """Of the request: the same in the provider's log and at its desk."""


@dataclass(frozen=True)
class Media:
    """A body of one content type. `shape`: anything pydantic can make a JSON Schema of."""

    shape: Any
    examples: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ResponseSpec:
    """A success, by content type; none: no body."""

    description: str
    content: Mapping[str, Media] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One method at one address.

    `scopes`: an access token with one of these is needed, and what each is for. `problems`: the codes of RFC 9457 problems by status.
    """

    name: str
    summary: str
    answers: Mapping[int, ResponseSpec]
    problems: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    body: Mapping[str, Media] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    """Parts of the address, and what each is."""
    scopes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for status in (*self.answers, *self.problems):
            HTTPStatus(status)


def described(operation: Operation | Callable[[], Operation]) -> Callable[[View], View]:
    """Declare what a view takes and answers, or what says so once the application is whole."""

    def mark(view: View) -> View:
        view.__machi_operation__ = operation  # type: ignore[attr-defined]
        return view

    return mark


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """What was declared at a view."""
    found: Operation | Callable[[], Operation] | None = getattr(view, "__machi_operation__", None)
    return found() if callable(found) else found
