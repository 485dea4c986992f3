"""Who calls: the first rows of every table of an endpoint that a client itself calls."""

from __future__ import annotations

from ..errors import UnauthorizedClientError
from ..flows import FORM, Check, ClientRequest
from ..server import Provider
from .authenticate import CLIENT_AUTH_METHODS, CONFIDENTIAL, authenticated, reject_several
from .sender import prove_sender


def reject_several_methods(_op: Provider, asked: ClientRequest) -> None:
    """The client uses one authentication method, not several."""
    reject_several(asked.request)


def require_client(_op: Provider, asked: ClientRequest) -> None:
    """The client proves itself by the method it registered; a public client names itself."""
    asked.client = authenticated(asked.request, CLIENT_AUTH_METHODS)


def require_confidential_client(_op: Provider, asked: ClientRequest) -> None:
    """The client proves itself by the method it registered; a public client cannot."""
    asked.client = authenticated(asked.request, CONFIDENTIAL)


def require_registered_grant(_op: Provider, asked: ClientRequest) -> None:
    """The client registered this grant type."""
    if not asked.client.check_grant_type(asked.GRANT_TYPE):
        raise UnauthorizedClientError(f"The client is not authorized to use 'grant_type={asked.GRANT_TYPE}'")


def require_proven_key(op: Provider, asked: ClientRequest) -> None:
    """A key that is shown is proven before any code or token is looked at; a client that registered bound tokens shows one."""
    prove_sender(op, asked.client)


_PARAGRAPHS = "RFC 6749 §2.3.1, §3.2.1; RFC 7523 §2.2, §3; RFC 8705 §2; OIDC Core §9"
_ONE_METHOD: Check[ClientRequest, None] = Check(reject_several_methods, "RFC 6749 §2.3", "invalid_client")
_ANY: Check[ClientRequest, None] = Check(require_client, _PARAGRAPHS, "invalid_client")
_CONFIDENTIAL: Check[ClientRequest, None] = Check(require_confidential_client, _PARAGRAPHS, "invalid_client")
_PROVEN_KEY: Check[ClientRequest, None] = Check(
    require_proven_key,
    "RFC 9449 §5; RFC 8705 §3; FAPI 2.0 Security Profile §5.3.2.1",
    "invalid_dpop_proof, use_dpop_nonce, invalid_request",
)
REGISTERED_GRANT: Check[ClientRequest, None] = Check(
    require_registered_grant, "RFC 6749 §5.2; RFC 7591 §2", "unauthorized_client"
)

Rows = tuple[Check[ClientRequest, None], ...]
ANY_CLIENT: Rows = (*FORM, _ONE_METHOD, _ANY)
CONFIDENTIAL_CLIENT: Rows = (*FORM, _ONE_METHOD, _CONFIDENTIAL)
# At the token endpoint, where the form was read before the grant was found.
ANY_CALLER: Rows = (_ONE_METHOD, _ANY, _PROVEN_KEY, REGISTERED_GRANT)
CONFIDENTIAL_CALLER: Rows = (_ONE_METHOD, _CONFIDENTIAL, _PROVEN_KEY, REGISTERED_GRANT)
