"""Token endpoint (RFC 6749 §3.2). POST with a form only; each grant is a module in `grants/` with a table of checks of its own."""

from __future__ import annotations

from flask import Blueprint, Response

from ...foundation.web.callers import Caller, called_by
from ..errors import OAuth2Error
from ..flows import FORM, Check, ClientRequest, Table
from ..resources import reject_details_here
from ..server import Provider, provider

bp = Blueprint("token", __name__)


def reject_authorization_details(_op: Provider, asked: ClientRequest) -> None:
    """What was consented to is given whole: asking for a part of the authorization details is not supported, nor ignored."""
    reject_details_here(asked.form)


def require_known_grant(op: Provider, asked: ClientRequest) -> None:
    """The grant type is one that is registered with Authlib's server, which then has that grant's table run."""
    op.server.get_token_grant(asked.request)


CHECKS: Table[ClientRequest, None] = Table(
    "Before the grant is found",
    (
        *FORM,
        Check(reject_authorization_details, "RFC 9396 §6", "invalid_authorization_details"),
        Check(require_known_grant, "RFC 6749 §4, §5.2", "unsupported_grant_type"),
    ),
)


@bp.post("/token")
@called_by(Caller.CLIENT)
def token() -> Response:
    """Codes, refresh tokens, assertions and a client's own credentials for tokens."""
    op = provider()
    request = op.server.create_oauth2_request(None)
    try:
        CHECKS.run(op, ClientRequest(request))
    except OAuth2Error as error:
        return op.server.handle_error_response(request, error)
    response: Response = op.server.create_token_response(request)
    return response
