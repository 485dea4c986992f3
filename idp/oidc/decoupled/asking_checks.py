"""What a request without a redirect may ask of a resident: rows that the device flow and CIBA share."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import InvalidRequestError, InvalidScopeError
from ..flows import Check, ClientRequest
from ..resources import with_api_scopes
from ..server import Provider

# What a client would have understood as done if we were silent about it.
NOT_HERE = ("authorization_details", "claims", "request", "request_uri", "grant_management_action")


@dataclass
class AskedElsewhere(ClientRequest):
    """A request that a resident answers on another device. `parameters`: as sent, until they come out of a signed request."""

    parameters: dict[str, str] = field(default_factory=dict)
    scope: str = ""

    def __post_init__(self) -> None:
        self.parameters = self.form


def reject_unsupported_parameters(_op: Provider, asked: AskedElsewhere) -> None:
    """Nothing is asked that is done at the authorization endpoint only; silence would be taken for consent."""
    for name in NOT_HERE:
        if name in asked.parameters:
            raise InvalidRequestError(f"'{name}' is not supported here.")


def require_registered_scope(_op: Provider, asked: AskedElsewhere) -> None:
    """The client may ask for this scope; scopes that nobody knows are left out."""
    asked.scope = asked.client.get_allowed_scope(asked.parameters.get("scope"))


def require_openid_scope(_op: Provider, asked: AskedElsewhere) -> None:
    """The scope holds openid: signing residents in is what this is for."""
    if "openid" not in asked.scope.split():
        raise InvalidScopeError("The scope must contain openid.")


def require_allowed_resources(op: Provider, asked: AskedElsewhere) -> None:
    """The client may ask for the departments' APIs that are named, and for scopes there."""
    asked.scope = with_api_scopes(op, asked.client, asked.parameters, asked.scope)


ASKING: tuple[Check[AskedElsewhere, None], ...] = (
    Check(reject_unsupported_parameters, "RFC 6749 §5.2", "invalid_request"),
    Check(require_registered_scope, "RFC 6749 §3.3", "invalid_scope"),
    Check(require_openid_scope, "OIDC Core §3.1.2.1; CIBA §7.1", "invalid_scope"),
    Check(require_allowed_resources, "RFC 8707 §2", "invalid_target, invalid_scope"),
)
