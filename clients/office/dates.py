"""Dates and times for people: in the page's language, in Japanese time."""

from __future__ import annotations

from datetime import date, datetime

from flask import Flask
from flask_babel import format_date, format_datetime

from clients.kit import JST


def as_date(value: date | datetime | str | None) -> date | None:
    """The day in Japan."""
    if isinstance(value, str):
        return date.fromisoformat(value)
    return value.astimezone(JST).date() if isinstance(value, datetime) else value


def day(value: date | datetime | str | None) -> str:
    """A date, such as 2026年5月1日 or May 1, 2026."""
    return str(format_date(as_date(value), "long")) if value else ""


def short_day(value: date | datetime | str | None) -> str:
    """A date for tables, such as 2026/05/01 or May 1, 2026."""
    return str(format_date(as_date(value), "medium")) if value else ""


def moment(value: datetime | None) -> str:
    """A date with the time of day."""
    return str(format_datetime(value, "medium")) if value else ""


def install(app: Flask) -> None:
    """Give templates `day`, `short_day` and `moment`."""
    app.jinja_env.filters.update(day=day, short_day=short_day, moment=moment)
