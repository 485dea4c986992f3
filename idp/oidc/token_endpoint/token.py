"""Token endpoint (RFC 6749 §3.2). POST with a form only; each grant is a module in `grants/`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError
from flask import Blueprint, Response, g

from ...foundation.here import here
from ...foundation.web.callers import Caller, called_by
from ..server.challenges import BASIC
from ..server.provider import provider
from ..server.request import ParameterError, ProtocolRequest, single_parameters
from ..tokens.rich_request import reject_details_here

bp = Blueprint("token", __name__)


def protocol_request() -> ProtocolRequest:
    """This form request for Authlib. Raises `InvalidRequestError`."""
    sent = here()
    if sent.mimetype != "application/x-www-form-urlencoded":
        raise InvalidRequestError("The request is not application/x-www-form-urlencoded.")
    try:
        parameters = single_parameters(sent.get_data(cache=False))
    except ParameterError as error:
        raise InvalidRequestError(str(error)) from None
    asked = g.protocol_request = ProtocolRequest(sent.method, parameters, cast("Mapping[str, str]", sent.headers))
    return asked


def oauth_error(error: Exception) -> Response:
    """The JSON error of RFC 6749 §5.2; 401 carries the challenge of the scheme the client used."""
    server = provider().server
    response: Response = server.handle_error_response(None, error)
    if isinstance(error, InvalidClientError):
        response.status_code = 401
        response.headers["WWW-Authenticate"] = BASIC
    return response


@bp.post("/token")
@called_by(Caller.CLIENT)
def token() -> Response:
    """Codes, refresh tokens and client credentials for tokens."""
    server = provider().server
    try:
        form = protocol_request()
        reject_details_here(form.form)
        response: Response = server.create_token_response(form)
    except OAuth2Error as error:
        response = oauth_error(error)
    if response.status_code == 401:
        response.headers.setdefault("WWW-Authenticate", BASIC)
    return response
