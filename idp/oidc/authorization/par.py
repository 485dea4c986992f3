"""Pushed authorization request endpoint (RFC 9126): a client deposits its request here and sends the browser with a reference only."""

from __future__ import annotations

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Blueprint, Response

from ...foundation.web.callers import Caller, called_by
from ...foundation.web.errors import ProblemError
from ...signin.attempts import client_network
from ..client_auth.authenticate import authenticate
from ..client_auth.sender import prove_sender
from ..clients.addresses import COMPARISON
from ..clients.clients import RegisteredClient
from ..server.provider import provider
from ..token_endpoint.token import oauth_error, protocol_request
from .authorize_checks import check_request
from .authorize_request import AuthorizationError
from .pushed import push
from .request_forms import requires_signed
from .request_object import open_request_object

bp = Blueprint("par", __name__)

# Authenticate the client and are no part of the request (RFC 9126 §2.1).
_CREDENTIALS = ("client_secret", "client_assertion", "client_assertion_type")


@bp.post("/par")
@called_by(Caller.CLIENT)
def par() -> Response:
    """201 with `request_uri` and `expires_in`; errors as at the token endpoint, with the codes of the authorization endpoint."""
    op = provider()
    try:
        form = protocol_request()
        client = authenticate(form)
        if client.auth_method == "none":
            # Whoever knows a public client's id may deposit: bounded, so that nobody fills the table.
            op.parts.limits.hit(op.parts.settings.par_limit, "par", client.client_id, client_network())
        parameters, signed = _pushed_parameters(client, form.form)
        _bind_to_proof(client, parameters)
        check_request(op, parameters)
    except OAuth2Error as error:
        return oauth_error(error)
    except AuthorizationError as error:
        return oauth_error(OAuth2Error(error=error.error, description=error.description))
    except ProblemError:
        return oauth_error(InvalidRequestError(f"{COMPARISON}."))
    request_uri = push(op, client.client_id, parameters, signed)
    body = {"request_uri": request_uri, "expires_in": op.parts.settings.par_seconds}
    response: Response = op.server.handle_response(201, body, [("Content-Type", "application/json")])
    return response


def _pushed_parameters(client: RegisteredClient, form: dict[str, str]) -> tuple[dict[str, str], bool]:
    """The request inside the form, and whether it was signed (RFC 9126 §2.1, §3)."""
    if "request_uri" in form:
        raise InvalidRequestError("A request_uri cannot be pushed.")
    if "request" in form:
        return open_request_object(provider(), client, form["request"]), True
    if requires_signed(client):
        raise InvalidRequestError("This client's authorization requests must be signed.")
    return {name: v for name, v in form.items() if name not in _CREDENTIALS} | {"client_id": client.client_id}, False


def _bind_to_proof(client: RegisteredClient, parameters: dict[str, str]) -> None:
    """A DPoP proof here names the key for the code, like `dpop_jkt` (RFC 9449 §10.1)."""
    sender = prove_sender(provider(), client, required=False)
    if sender.jkt is not None and parameters.setdefault("dpop_jkt", sender.jkt) != sender.jkt:
        raise InvalidRequestError("dpop_jkt is not the thumbprint of the proof's key.")
