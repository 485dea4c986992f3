"""What the door answers, and what it takes, as its published description says (`/api/v1/openapi.json`)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, Union

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from idp.front.resource_server import TOKEN_PROBLEMS, Media, Operation, Problem, ResponseSpec

from ..families import event_types

SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MAX_BATCH = 500


@with_config(ConfigDict(extra="forbid"))
class EventResult(TypedDict):
    """What became of one event. `gap`: a sequence number before it has not come in."""

    id: str | None
    source: str | None
    status: Literal["accepted", "duplicate", "stale", "held", "rejected"]
    gap: NotRequired[bool]
    problem: NotRequired[Problem]


@with_config(ConfigDict(extra="forbid"))
class Results(TypedDict):
    """A line for each event, in the order in which they were sent."""

    results: list[EventResult]


def _accepted() -> dict[str, Any]:
    first = next(iter(event_types().values())).example
    line = {"id": first["id"], "source": first["source"]}
    refused = {
        "type": "urn:machi:problem:unknown_type",
        "title": "unknown_type",
        "status": 422,
        "detail": "This event type does not exist.",
        "allowed": list(event_types()),
    }
    return {
        "accepted": {"results": [{**line, "status": "accepted"}]},
        "one of two rejected": {
            "results": [{**line, "status": "duplicate"}, {**line, "status": "rejected", "problem": refused}]
        },
    }


def send_operation() -> Operation:
    """The operation for every type of event that there is."""
    types = event_types().values()
    event: Any = Annotated[Union[tuple(t.shape for t in types)], Field(discriminator="type")]  # noqa: UP007 - made from the registry
    batch: Any = Annotated[list[event], Field(max_length=MAX_BATCH)]
    own = tuple(code for t in types for code in t.refuses + tuple(words.code for words in t.closed_words.values()))
    return Operation(
        "sendEvents",
        "One event, or a batch. A batch is refused as a whole only if it is malformed, too large or without a valid token.",
        {202: ResponseSpec("A line for each event.", {"application/json": Media(Results, _accepted())})},
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
                "my_number_refused",
                "foreign_issuer",
                "unknown_resident",
                "resident_mismatch",
                *own,
            ),
            429: ("too_many_requests",),
            503: ("unavailable",),
        },
        body={
            SINGLE: Media(event, {t.name.split(".", 2)[2]: t.example for t in types}),
            BATCH: Media(batch, {"all types": [t.example for t in types]}),
        },
        scopes={t.scope: f"Events about a {t.family}." for t in types},
    )
