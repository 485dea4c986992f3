"""A protocol request as Authlib's server side takes it, independent of the web framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request

MAX_PARAMETERS = 60
MAX_LENGTH = 4000
MAX_LENGTHS = {"request": 16000, "id_token_hint": 8000, "client_assertion": 8000, "claims": 8000}


class ParameterError(ValueError):
    """A parameter breaks a rule of every endpoint (RFC 6749 §3.1, §3.2); the text is fit for `error_description`."""


class ProtocolPayload(OAuth2Payload):  # type: ignore[misc]
    """Parameters, each at most once."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self._parameters = parameters

    @property
    def data(self) -> dict[str, str]:
        return self._parameters

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: [value] for name, value in self._parameters.items()}


class ProtocolRequest(OAuth2Request):  # type: ignore[misc]
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

    @property
    def args(self) -> dict[str, str]:
        return self._parameters

    @property
    def form(self) -> dict[str, str]:
        return self._parameters


def single_parameters(values: Any) -> dict[str, str]:
    """Parameters of a werkzeug MultiDict: none twice, none empty-but-sent kept, bounded in number and length.

    `resource` alone may repeat (RFC 8707 §2); its values are joined by a space, which a URI cannot hold.
    Raises `ParameterError`.
    """
    if len(values) > MAX_PARAMETERS:
        raise ParameterError("Too many parameters")
    found: dict[str, str] = {}
    for name, given in values.lists():
        if len(given) > 1 and name != "resource":
            raise ParameterError("A parameter was sent more than once")
        value = " ".join(given)
        if len(value) > MAX_LENGTHS.get(name, MAX_LENGTH):
            raise ParameterError("A parameter is too long")
        if "\x00" in value:
            raise ParameterError("A parameter contains a NUL character")
        if value:  # "Parameters sent without a value MUST be treated as if they were omitted" (RFC 6749 §3.1)
            found[name] = value
    return found
