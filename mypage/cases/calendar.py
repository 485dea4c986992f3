"""Dates of a case as iCalendar (RFC 5545): all-day events for what is due and what is expected."""

from __future__ import annotations

from datetime import date, timedelta

from flask_babel import gettext

from idp.front.storage import clock
from idp.front.web import displayable

from .rows import CaseDetail

FOLD = 73  # octets a line, RFC 5545 §3.1 allows 75 with the leading space of a continuation


def _escaped(text: str) -> str:
    """TEXT value (RFC 5545 §3.3.11)."""
    return (
        displayable(text)
        .replace("\\", "\\\\")
        .replace(";", "\\;")
        .replace(",", "\\,")
        .replace("\r", "")
        .replace("\n", "\\n")
    )


def _folded(line: str) -> str:
    """`line` cut so that no piece exceeds the octet limit and no character is split."""
    pieces: list[str] = []
    piece = ""
    for character in line:
        if len((piece + character).encode()) > FOLD:
            pieces.append(piece)
            piece = ""
        piece += character
    return "\r\n ".join([*pieces, piece])


def _basic(day: date) -> str:
    return day.isoformat().replace("-", "")


def _event(uid: str, day: date, summary: str) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{clock.now():%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{_basic(day)}",
        *([f"DTEND;VALUE=DATE:{_basic(day + timedelta(days=1))}"] if day < date.max else ()),
        f"SUMMARY:{_escaped(summary)}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def calendar_of(case: CaseDetail, title: str) -> str:
    """The calendar text; empty of events when the case has no dates."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Machi ID//My page//EN", "CALSCALE:GREGORIAN"]
    if case.act_by:
        lines += _event(f"{case.case_id}-due@machi-id", case.act_by, gettext("Due: %(title)s", title=title))
    if case.expected_by:
        lines += _event(
            f"{case.case_id}-expected@machi-id", case.expected_by, gettext("Answer expected: %(title)s", title=title)
        )
    return "".join(_folded(line) + "\r\n" for line in [*lines, "END:VCALENDAR"])
