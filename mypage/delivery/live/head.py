"""The head of a request to the live server (RFC 9112): as much as a stream needs, and nothing of a body."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

MOST = 16 * 1024
END = b"\r\n\r\n"


class HeadError(Exception):
    """This is no request."""


@dataclass(frozen=True, slots=True)
class Head:
    """`fields`: by their names in lower case; several of the same name are joined as RFC 9110 §5.2 says (cookies: RFC 6265bis)."""

    method: str
    path: str
    query: str
    fields: dict[str, str]

    def value(self, name: str) -> str:
        """Of a parameter of the query; the first one."""
        return next(iter(parse_qs(self.query).get(name, ())), "")

    def cookie(self, name: str) -> str:
        for pair in self.fields.get("cookie", "").split(";"):
            own, _, value = pair.strip().partition("=")
            if own == name:
                return value
        return ""


def read_head(raw: bytes) -> Head:
    """From the bytes before the empty line. Raises `HeadError`."""
    first, *lines = raw.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):
        raise HeadError
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise HeadError
        name = name.lower()
        before = fields.get(name)
        fields[name] = (
            value.strip() if before is None else before + ("; " if name == "cookie" else ", ") + value.strip()
        )
    path, _, query = words[1].partition("?")
    return Head(words[0], unquote(path), query, fields)
