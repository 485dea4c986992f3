"""The closed words of a case. A department's own word stands beside the phase, as `label`."""

from __future__ import annotations

from typing import Literal, get_args

Phase = Literal[
    "draft",
    "sent",
    "received",
    "in_review",
    "action_required",
    "on_hold",
    "decided",
    "completed",
    "withdrawn",
    "expired",
]
Outcome = Literal["approved", "partly", "rejected", "dismissed", "withdrawn"]
WaitingOn = Literal["resident", "department", "third_party", "nobody"]
Channel = Literal["online", "counter", "post", "phone", "remote"]

PHASES: tuple[str, ...] = get_args(Phase)
OUTCOMES: tuple[str, ...] = get_args(Outcome)
WAITING_ON: tuple[str, ...] = get_args(WaitingOn)
CHANNELS: tuple[str, ...] = get_args(Channel)

FINISHED = ("completed", "withdrawn", "expired")
"""Nothing more is to come, unless the department reopens the case."""
WITH_DEPARTMENT = ("sent", "received", "in_review")
"""Phases in which the department holds the turn when it does not say who does."""


def waits_for_resident(phase: str, waiting_on: str | None) -> bool:
    """Whether it is the resident's turn. `action_required` without a word on who means the resident."""
    return phase == "action_required" and waiting_on in (None, "resident")


def waits_for_department(phase: str, waiting_on: str | None) -> bool:
    """Whether it is the department's turn."""
    return waiting_on == "department" if waiting_on else phase in WITH_DEPARTMENT
