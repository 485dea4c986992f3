"""Token endpoint (RFC 6749 §3.2). POST with a form only; each grant is a module in `grants/`."""

from __future__ import annotations

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Blueprint, Response

from ...foundation.here import here
from ...foundation.web.callers import Caller, called_by
from ..resources.rich_request import reject_details_here
from ..server.provider import provider
from ..server.request import ProtocolRequest

bp = Blueprint("token", __name__)


def protocol_request() -> ProtocolRequest:
    """This form request for Authlib. Raises `InvalidRequestError`."""
    asked = ProtocolRequest.of_form(here())
    if asked.fault is not None:
        raise InvalidRequestError(asked.fault)
    return asked


def oauth_error(error: Exception) -> Response:
    """The JSON error of RFC 6749 §5.2."""
    return provider().server.handle_error_response(None, error)


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
    return response
