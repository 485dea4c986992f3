"""The checks of a pushed authorization request, in order (RFC 9126 §2.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...foundation.web.errors import ProblemError
from ...foundation.web.network import client_network
from ..client_auth import ANY_CLIENT, prove_sender
from ..clients import ADDRESS_COMPARISON
from ..errors import InvalidRequestError, OAuth2Error
from ..flows import Check, ClientRequest, Table
from ..server import Provider
from .authorize_checks import check_request
from .authorize_request import AuthorizationError
from .request_forms import requires_signed
from .request_object import open_request_object

# Authenticate the client and are no part of the request (RFC 9126 §2.1).
_CREDENTIALS = ("client_secret", "client_assertion", "client_assertion_type")


@dataclass
class PushRequest(ClientRequest):
    """`parameters` is the request inside the form; `signed`: it came as a request object."""

    parameters: dict[str, str] = field(default_factory=dict)
    signed: bool = False


def limit_public_clients(op: Provider, asked: PushRequest) -> None:
    """Whoever knows a public client's id may deposit: bounded, so that nobody fills the table."""
    if asked.client.auth_method == "none":
        op.parts.limits.hit(op.parts.settings.par_limit, "par", asked.client.client_id, client_network())


def reject_pushed_reference(_op: Provider, asked: PushRequest) -> None:
    """What is pushed is a request, not a reference to one."""
    if "request_uri" in asked.form:
        raise InvalidRequestError("A request_uri cannot be pushed.")


def require_signed_request(op: Provider, asked: PushRequest) -> None:
    """A request object is the client's own; it is there where the client's requests must be signed."""
    if "request" in asked.form:
        asked.parameters, asked.signed = open_request_object(op, asked.client, asked.form["request"]), True
        return
    if requires_signed(asked.client):
        raise InvalidRequestError("This client's authorization requests must be signed.")
    sent = {name: value for name, value in asked.form.items() if name not in _CREDENTIALS}
    asked.parameters = sent | {"client_id": asked.client.client_id}


def bind_to_proof(op: Provider, asked: PushRequest) -> None:
    """A DPoP proof here names the key for the code, like dpop_jkt; where both are, they agree."""
    sender = prove_sender(op, asked.client, required=False)
    if sender.jkt is not None and asked.parameters.setdefault("dpop_jkt", sender.jkt) != sender.jkt:
        raise InvalidRequestError("dpop_jkt is not the thumbprint of the proof's key.")


def require_allowed_request(op: Provider, asked: PushRequest) -> None:
    """What is asked passes the first table of /authorize; its errors are said here."""
    try:
        check_request(op, asked.parameters)
    except AuthorizationError as error:
        raise OAuth2Error(error=error.error, description=error.description) from None
    except ProblemError:
        raise InvalidRequestError(f"{ADDRESS_COMPARISON}.") from None


CHECKS: Table[PushRequest, None] = Table(
    "A request that is pushed",
    (
        *ANY_CLIENT,
        Check(limit_public_clients, "RFC 9126 §2.3", "429, temporarily_unavailable"),
        Check(reject_pushed_reference, "RFC 9126 §2.1", "invalid_request"),
        Check(
            require_signed_request,
            "RFC 9126 §3; RFC 9101 §6, §10.5; FAPI 2.0 Message Signing §5.3.1",
            "invalid_request_object, invalid_request",
        ),
        Check(bind_to_proof, "RFC 9449 §10.1", "invalid_dpop_proof, use_dpop_nonce, invalid_request"),
        Check(require_allowed_request, "RFC 9126 §2.1, §2.3", "those of /authorize"),
    ),
)
