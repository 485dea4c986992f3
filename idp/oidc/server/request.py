"""A protocol request as Authlib's server side takes it, independent of the web framework."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request
from flask import g

if TYPE_CHECKING:
    from flask import Request

MAX_PARAMETERS = 60
MAX_TOTAL = 60000
MAX_LENGTH = 4000
_LISTS = frozenset({"scope", "resource"})
MAX_LENGTHS = {"request": 16000, "id_token_hint": 8000, "client_assertion": 8000, "claims": 8000}


class ParameterError(ValueError):
    """A parameter breaks a rule of every endpoint (RFC 6749 §3.1, §3.2); the text is fit for `error_description`."""


class ProtocolPayload(OAuth2Payload):
    """Parameters, each at most once."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self._parameters = parameters

    @property
    def data(self) -> dict[str, str]:
        return self._parameters

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: [value] for name, value in self._parameters.items()}


class ProtocolRequest(OAuth2Request):
    """Authlib's request, from plain values. Transport security is the settings' business (issuer), not the URL's."""

    def __init__(self, method: str, parameters: dict[str, str], headers: Mapping[str, str]) -> None:
        self.method = method
        self.uri = ""
        self.headers = headers
        self.payload = ProtocolPayload(parameters)
        self._parameters = parameters
        self._body = None
        self._scope = None
        self.client: Any = None
        self.auth_method: str | None = None
        self.user: Any = None
        self.authorization_code: Any = None
        self.refresh_token: Any = None
        self.credential: Any = None
        self.fault: str | None = None
        """What is wrong with the form, if it cannot be read; there are no parameters then."""

    @classmethod
    def of_form(cls, sent: Request) -> ProtocolRequest:
        """A form request; the log finds it in `g.protocol_request`."""
        parameters: dict[str, str] = {}
        fault = None
        if sent.mimetype == "application/x-www-form-urlencoded":
            try:
                parameters = single_parameters(sent.get_data(cache=False))
            except ParameterError as error:
                fault = str(error)
        else:
            fault = "The request is not application/x-www-form-urlencoded."
        asked = cls(sent.method, parameters, cast("Mapping[str, str]", sent.headers))
        asked.fault = fault
        g.protocol_request = asked
        return asked

    @property
    def args(self) -> dict[str, str]:
        return self._parameters

    @property
    def form(self) -> dict[str, str]:
        return self._parameters


def single_parameters(encoded: bytes) -> dict[str, str]:
    """Parameters of a query string or form body (application/x-www-form-urlencoded): none twice, bounded in number and length.

    `resource` alone may repeat (RFC 8707 §2); its values are joined by a space, which a URI cannot hold. Parameters without a
    value count as omitted (RFC 6749 §3.1), and so do lists of nothing. Raises `ParameterError`.
    """
    if len(encoded) > MAX_TOTAL:
        raise ParameterError("The parameters are too long")
    if encoded.count(b"&") >= MAX_PARAMETERS:
        raise ParameterError("Too many parameters")
    try:
        pairs = _pairs(encoded.decode("ascii"))
    except UnicodeDecodeError:
        raise ParameterError("A parameter is not UTF-8") from None
    found: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in pairs:
        if name in seen:
            if name != "resource":
                raise ParameterError("A parameter was sent more than once")
            value = f"{found.get(name, '')} {value}".strip()
        seen.add(name)
        if len(value) > MAX_LENGTHS.get(name, MAX_LENGTH):
            raise ParameterError("A parameter is too long")
        if "\x00" in value:
            raise ParameterError("A parameter contains a NUL character")
        if value and not (name in _LISTS and value.isspace()):
            found[name] = value
    return found


def sent_well(encoded: bytes) -> dict[str, str]:
    """Of parameters that `single_parameters` refuses those that were sent once and are short, to find out whom to tell.

    Empty when there are too many or they are not UTF-8.
    """
    if len(encoded) > MAX_TOTAL or encoded.count(b"&") >= MAX_PARAMETERS:
        return {}
    try:
        pairs = _pairs(encoded.decode("ascii"))
    except UnicodeDecodeError:
        return {}
    times = Counter(name for name, _ in pairs)
    return {name: v for name, v in pairs if v and times[name] == 1 and len(v) <= MAX_LENGTH and "\x00" not in v}


def was_sent(encoded: bytes, name: str) -> bool:
    """Whether a parameter of this name is there, well or badly."""
    return any(found == name for found, _ in _pairs(encoded.decode("ascii")))


def _pairs(text: str) -> list[tuple[str, str]]:
    """As `urllib.parse.parse_qsl`, twice as fast: most names and values have nothing to decode. Raises UnicodeDecodeError."""
    return [(_decoded(name), _decoded(value)) for name, _, value in (p.partition("=") for p in text.split("&") if p)]


def _decoded(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    return unquote(text, errors="strict") if "%" in text else text
