"""The course of a case as a timeline: the department's own steps, or what its history tells when it gave none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .phases import FINISHED
from .rows import CaseDetail

# What usually still comes, when a department does not say: only the next certain stations, never a promise of a date.
USUAL = ("received", "in_review", "decided")


@dataclass(frozen=True, slots=True)
class Station:
    """One point: `label` is the department's word, else `phase` names it; `state` is done, current or upcoming."""

    state: str
    label: Mapping[str, str] | None
    phase: str | None
    at: datetime | None
    reason: Mapping[str, str] | None = None


def course_of(case: CaseDetail) -> list[Station]:
    """Oldest first; exactly one station is current unless the case is over."""
    if case.steps:
        return [Station(step.state, step.label, None, step.at) for step in case.steps]
    told = [entry for entry in case.history if not entry.late]
    stations = [Station("done", entry.label or None, entry.phase, entry.at, entry.reason or None) for entry in told]
    if not stations:
        stations = [Station("done", case.label or None, case.phase, case.updated_at, case.reason or None)]
    if case.phase not in FINISHED:
        last = stations[-1]
        stations[-1] = Station("current", last.label, last.phase, last.at, last.reason)
        seen = {entry.phase for entry in told} | {case.phase}
        furthest = max((USUAL.index(phase) for phase in seen if phase in USUAL), default=-1)
        stations += [Station("upcoming", None, phase, None) for phase in USUAL[furthest + 1 :]]
    return stations
