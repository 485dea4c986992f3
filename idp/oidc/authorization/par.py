"""Pushed authorization request endpoint (RFC 9126): a client deposits its request here and sends the browser with a reference only."""

from __future__ import annotations

from flask import Blueprint, Response

from ...foundation.web.callers import Caller, called_by
from ..flows import JSON, EndpointResponse, ListedEndpoint, answered
from ..server import provider
from .par_checks import CHECKS, PushRequest
from .pushed import push

bp = Blueprint("par", __name__)


class ParEndpoint(ListedEndpoint):
    """Registered with Authlib's server."""

    ENDPOINT_NAME = "pushed_authorization_request"
    ASKED = PushRequest
    CHECKS = CHECKS

    def create_response(self, asked: PushRequest) -> EndpointResponse:
        """§2.2: deposited, until it expires."""
        op = provider()
        request_uri = push(op, asked.client.client_id, asked.parameters, asked.signed)
        return 201, {"request_uri": request_uri, "expires_in": op.parts.settings.par_seconds}, JSON


@bp.post("/par")
@called_by(Caller.CLIENT)
def par() -> Response:
    """201 with `request_uri` and `expires_in`; errors as at the token endpoint, with the codes of the authorization endpoint."""
    return answered(ParEndpoint)
