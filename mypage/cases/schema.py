"""`jp.machi.case.status.v1`: the whole state of a case, as a department tells it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict

from ..wire.event import Envelope
from ..wire.resident import Resident
from ..wire.values import ActionKind, Code, Day, LongText, Moment, Part, ShortText, Url
from .change import Notify
from .phases import Channel, Outcome, Phase, WaitingOn


class Procedure(Part):
    code: Code
    title: ShortText


class Step(Part):
    code: Code
    label: ShortText
    state: Literal["done", "current", "upcoming"]
    at: Moment | None = None


class Contact(Part):
    department: ShortText
    phone: Annotated[str, StringConstraints(max_length=40)] | None = None
    hours: ShortText | None = None


class Action(Part):
    kind: ActionKind
    label: ShortText
    url: Url | None = None
    due: Day | None = None


class Document(Part):
    id: Code
    title: ShortText
    media_type: Annotated[str, StringConstraints(max_length=127, pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")]
    bytes: Annotated[int, Field(ge=0, le=10**10)]
    url: Url


def _needs_reason(schema: dict[str, Any]) -> None:
    told = {"required": ["reason"], "properties": {"reason": {"type": "object"}}}
    schema["allOf"] = [
        {"if": {"properties": {"phase": {"const": "action_required"}}, "required": ["phase"]}, "then": told},
        {"if": {"properties": {"outcome": {"const": "rejected"}}, "required": ["outcome"]}, "then": told},
    ]


_NONE: JsonDict = {"default": []}  # as published; the list itself would be copied for each event


class CaseStatusData(Part):
    """The state, not a difference: what is left out is not so any more.

    Only the facts that stay with a case are kept when left out: resident, procedure, receipt_number, received_at, channel,
    contact and expected_by (null clears the last two). The first event must carry resident, procedure and received_at.
    """

    model_config = ConfigDict(json_schema_extra=_needs_reason)
    says_by_null: ClassVar[frozenset[str]] = frozenset({"contact", "expected_by"})

    phase: Phase
    resident: Resident | None = None
    procedure: Procedure | None = None
    receipt_number: Code | None = None
    label: ShortText | None = None
    waiting_on: WaitingOn | None = None
    reason: LongText | None = None
    outcome: Outcome | None = None
    received_at: Moment | None = None
    expected_by: Day | None = None
    act_by: Day | None = None
    steps: Annotated[list[Step], Field(max_length=30)] = Field(default_factory=list, json_schema_extra=_NONE)
    contact: Contact | None = None
    actions: Annotated[list[Action], Field(max_length=10)] = Field(default_factory=list, json_schema_extra=_NONE)
    documents: Annotated[list[Document], Field(max_length=50)] = Field(default_factory=list, json_schema_extra=_NONE)
    channel: Channel | None = None
    notify: Notify = "auto"
    reopened: bool = False

    @model_validator(mode="after")
    def check_reason(self) -> CaseStatusData:
        if self.reason is None and (self.phase == "action_required" or self.outcome == "rejected"):
            raise ValueError("reason is required for the phase action_required and for the outcome rejected")
        return self


class CaseStatus(Envelope):
    """One event about a case."""

    type: Literal["jp.machi.case.status.v1"]
    time: Moment
    data: CaseStatusData
