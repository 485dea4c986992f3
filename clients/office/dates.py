"""Dates and times for people: in the page's language, in Japanese time."""

from __future__ import annotations

from datetime import date, datetime

from flask import Flask
from flask_babel import format_date, format_datetime

from clients.kit import JST


def day(value: date | datetime | str | None) -> str:
    """A date, such as 2026年5月1日 or May 1, 2026."""
    if not value:
        return ""
    if isinstance(value, str):
        value = date.fromisoformat(value)
    if isinstance(value, datetime):
        value = value.astimezone(JST).date()
    return str(format_date(value, "long"))


def moment(value: datetime | None) -> str:
    """A date with the time of day."""
    return str(format_datetime(value, "medium")) if value else ""


def install(app: Flask) -> None:
    """Give templates `day` and `moment`."""
    app.jinja_env.filters.update(day=day, moment=moment)
