"""The row that introspection and revocation share."""

from __future__ import annotations

from ..errors import InvalidRequestError
from ..flows import ClientRequest
from ..server import Provider


def require_token(_op: Provider, asked: ClientRequest) -> None:
    """There is a token; of what type it is we see ourselves, whatever the hint says."""
    if "token" not in asked.form:
        raise InvalidRequestError("Missing 'token' in request.")
