"""Rendering a page of the desk."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, render_template

from ..foundation.clock import CITY_ZONE
from ..staff import current_staff
from .menu import menu_of
from .metadata_texts import SECTION_TITLES


def show(name: str, place: str, status: int = 200, **values: Any) -> Response:
    """`desk/<name>.html` in the desk's shell; `place` is the lit entry of its menu."""
    staff = current_staff()
    html = render_template(
        f"desk/{name}.html",
        place=place,
        staff=staff,
        menu=menu_of(staff),
        moment=moment,
        section_titles=SECTION_TITLES,
        **values,
    )
    return Response(html, status, content_type="text/html; charset=utf-8")


def moment(at: datetime | None) -> str:
    """A time as staff read it: the city's zone, to the minute."""
    return at.astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M") if at is not None else "–"
