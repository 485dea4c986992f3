"""Reading our own pages."""

from __future__ import annotations

import html as entities
import re
from html.parser import HTMLParser


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.actions: list[str] = []
        self.goes_on_to = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "input" and values.get("type") == "hidden" and values.get("name"):
            self.fields[str(values["name"])] = values.get("value") or ""
        if tag == "meta" and values.get("http-equiv") == "refresh":
            self.goes_on_to = (values.get("content") or "").partition("url=")[2]
        if tag == "form":
            self.actions.append(values.get("action") or "")


def hidden_fields(page: str) -> dict[str, str]:
    """Hidden inputs by name; of a name that stands twice, the last."""
    parser = _Fields()
    parser.feed(page)
    return parser.fields


def goes_on_to(page: str) -> str:
    """Where the page leads by itself (`<meta http-equiv="refresh">`); empty: it stays."""
    parser = _Fields()
    parser.feed(page)
    return parser.goes_on_to


def form_actions(page: str) -> list[str]:
    """Where the forms of the page lead."""
    parser = _Fields()
    parser.feed(page)
    return parser.actions


def text_of(page: str, testid: str) -> str:
    """The text inside the element with this `data-testid`, without tags."""
    found = re.search(rf'data-testid="{re.escape(testid)}"[^>]*>(.*?)</', page, re.DOTALL)
    return re.sub(r"<[^>]+>", "", entities.unescape(found.group(1))).strip() if found else ""
