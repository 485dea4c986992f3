"""Driving the reader from tests: a request as a provider makes it, and the form that comes back."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from idp.credentials.jpki import Purpose, build_statement

ORIGIN = "http://localhost:8000"


def statement(purpose: str = "signin", origin: str = ORIGIN) -> bytes:
    return build_statement(
        origin=origin,
        session_binding=b"session-1",
        nonce=bytes(range(32)),
        purpose=Purpose.SIGN_IN if purpose == "signin" else Purpose.CLAIM,
        expires_at=datetime.now(UTC) + timedelta(minutes=5),
    )


def asked(purpose: str = "signin", origin: str = ORIGIN, **changed: str) -> dict[str, str]:
    """The query of one request."""
    return {
        "challenge": "c-1",
        "tbs": base64.urlsafe_b64encode(statement(purpose, origin)).decode().rstrip("="),
        "purpose": purpose,
        "origin": origin,
        "return_url": f"{origin}/card/return",
        "lang": "en",
    } | changed


@dataclass
class Form:
    """One form of a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """Forms of a page, and whatever a strict content security policy would block."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.inline: list[str] = []
        self._script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given["action"], given["method"]))
        elif tag == "input" and given.get("type") == "hidden":
            self.forms[-1].fields[given["name"]] = given["value"]
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
