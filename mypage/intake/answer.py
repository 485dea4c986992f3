"""What the door answers, and what it takes, as its published description says (`/api/v1/openapi.json`)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, Union

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from idp.front.resource_server import TOKEN_PROBLEMS, Answer, Media, Operation, Problem

from .examples import EXAMPLES
from .types import TYPES

SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MAX_BATCH = 500

Event: Any = Annotated[Union[tuple(t.shape for t in TYPES.values())], Field(discriminator="type")]  # noqa: UP007
"""An event of any type. Made from the table of types, hence not for a type checker."""
Batch: Any = Annotated[list[Event], Field(max_length=MAX_BATCH)]


@with_config(ConfigDict(extra="forbid"))
class Line(TypedDict):
    """What became of one event. `gap`: a sequence number before it has not come in."""

    id: str | None
    source: str | None
    status: Literal["accepted", "duplicate", "stale", "held", "rejected"]
    gap: NotRequired[bool]
    problem: NotRequired[Problem]


@with_config(ConfigDict(extra="forbid"))
class Results(TypedDict):
    """A line for each event, in the order in which they were sent."""

    results: list[Line]


def _examples() -> dict[str, Any]:
    return {name.split(".", 2)[2]: event for name, event in EXAMPLES.items()}


def _accepted() -> dict[str, Any]:
    first, *_ = EXAMPLES.values()
    line = {"id": first["id"], "source": first["source"]}
    refused = {
        "type": "urn:machi:problem:unknown_type",
        "title": "unknown_type",
        "status": 422,
        "detail": "This event type does not exist.",
        "allowed": list(TYPES),
    }
    return {
        "accepted": {"results": [{**line, "status": "accepted"}]},
        "one of two rejected": {
            "results": [{**line, "status": "duplicate"}, {**line, "status": "rejected", "problem": refused}]
        },
    }


SEND = Operation(
    "sendEvents",
    "One event, or a batch. A batch is refused as a whole only if it is malformed, too large or without a valid token.",
    {202: Answer("A line for each event.", {"application/json": Media(Results, _accepted())})},
    {
        400: (*TOKEN_PROBLEMS[400], "malformed_json", "malformed_batch"),
        401: TOKEN_PROBLEMS[401],
        403: ("insufficient_scope", "foreign_source", "local_numbers_not_allowed"),
        409: ("id_reused",),
        413: ("too_large", "event_too_large", "batch_too_large"),
        415: ("unsupported_media_type",),
        422: (
            "invalid_event",
            "unknown_type",
            "unknown_phase",
            "my_number_refused",
            "foreign_issuer",
            "unknown_resident",
            "resident_mismatch",
            "first_event_incomplete",
            "reopen_required",
        ),
        429: ("too_many_requests",),
        503: ("unavailable",),
    },
    body={
        SINGLE: Media(Event, _examples()),
        BATCH: Media(Batch, {"all types": list(EXAMPLES.values())}),
    },
    scopes={t.scope: f"Events about a {t.family}." for t in TYPES.values()},
)
