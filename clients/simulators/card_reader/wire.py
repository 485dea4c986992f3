"""What a service asks of the reader, checked. Everything comes through the person's browser, so nothing is taken on
trust.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from .texts import Language, language_of

Purpose = Literal["signin", "claim"]

PREFIX = b"JPKI-AUTH-v1\x00"
STATEMENT_BYTES = len(PREFIX) + 32 + 32 + 32 + 1 + 8
PURPOSE_BYTE: dict[Purpose, int] = {"signin": 1, "claim": 2}
MAX_URL = 2000
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{1,200}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{1,256}={0,2}")


class BadRequestError(Exception):
    """A parameter is missing or wrong; `field` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """One request to read a card. `statement` is what gets signed, byte for byte."""

    challenge: str
    statement: bytes
    purpose: Purpose
    origin: str
    return_url: str
    language: Language

    @property
    def parameters(self) -> dict[str, str]:
        """The request as it came, to be carried by the page's form."""
        return {
            "challenge": self.challenge,
            "tbs": base64.urlsafe_b64encode(self.statement).decode().rstrip("="),
            "purpose": self.purpose,
            "origin": self.origin,
            "return_url": self.return_url,
            "lang": self.language,
        }


def parse_request(values: Mapping[str, str]) -> ReadRequest:
    """Check a request from query or form; BadRequestError names the first field at fault."""
    challenge = values.get("challenge", "")
    if not _CHALLENGE.fullmatch(challenge):
        raise BadRequestError("challenge")
    purpose = values.get("purpose", "")
    if purpose not in PURPOSE_BYTE:
        raise BadRequestError("purpose")
    origin = values.get("origin", "")
    if len(origin) > MAX_URL or origin_of(origin) != origin:
        raise BadRequestError("origin")
    return_url = values.get("return_url", "")
    if len(return_url) > MAX_URL or origin_of(return_url) != origin:
        raise BadRequestError("return_url")
    return ReadRequest(
        challenge=challenge,
        statement=_statement(values.get("tbs", ""), purpose, origin),
        purpose=purpose,
        origin=origin,
        return_url=return_url,
        language=language_of(values.get("lang")),
    )


def origin_of(url: str) -> str | None:
    """scheme://host[:port] of an http(s) URL in its usual form (RFC 6454 section 6.2), or None."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.fragment:
        return None
    if not re.fullmatch(r"[\x21-\x7e]+", url) or any(character in url for character in "\\\"'<>;,"):
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, default) else "")


def _statement(encoded: str, purpose: Purpose, origin: str) -> bytes:
    """A reader signs only statements for the purpose it shows and the origin it shows."""
    if not _BASE64URL.fullmatch(encoded):
        raise BadRequestError("tbs")
    bare = encoded.rstrip("=")
    try:
        statement = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except ValueError as error:
        raise BadRequestError("tbs") from error
    if len(statement) != STATEMENT_BYTES or not statement.startswith(PREFIX):
        raise BadRequestError("tbs")
    shown = hashlib.sha256(origin.encode()).digest()
    if not hmac.compare_digest(statement[len(PREFIX) : len(PREFIX) + 32], shown):
        raise BadRequestError("origin")
    if statement[-9] != PURPOSE_BYTE[purpose]:
        raise BadRequestError("purpose")
    return statement
