"""`grant_type=client_credentials` (RFC 6749 §4.4): a department's system speaks for itself, for our API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ...client_auth import CONFIDENTIAL_CALLER
from ...clients import API_SCOPES, scope_error
from ...flows import Check, ListedGrant, Table
from ...server import Provider
from ..answers import jwt_answer
from .shared_checks import KNOWN_RESOURCE, OwnRequest


@dataclass
class CredentialsRequest(OwnRequest):
    """A client asks for a token about itself."""

    GRANT_TYPE: ClassVar[str] = "client_credentials"


def require_own_scope(_op: Provider, asked: CredentialsRequest) -> None:
    """The scope is the client's own and about our API; without one it is all that the client has there."""
    own = asked.client.scopes & set(API_SCOPES)
    wanted = set((asked.form.get("scope") or " ".join(own)).split())
    if not wanted or not wanted <= own:
        raise scope_error(wanted - own, "The client may not have this scope for itself")
    asked.scope = " ".join(sorted(wanted))


CHECKS: Table[CredentialsRequest, None] = Table(
    "`client_credentials`",
    (
        *CONFIDENTIAL_CALLER,
        Check(require_own_scope, "RFC 6749 §4.4.2, §3.3", "invalid_scope"),
        KNOWN_RESOURCE,
    ),
)


class ClientGrant(ListedGrant):
    """Registered with Authlib's server."""

    GRANT_TYPE = CredentialsRequest.GRANT_TYPE
    ASKED = CredentialsRequest
    CHECKS = CHECKS

    def token_response(self, asked: CredentialsRequest) -> dict[str, Any]:
        """RFC 6749 §4.4.3."""
        client_id = asked.client.client_id
        return jwt_answer(client_id, client_id, asked.scope, asked.audience, None)
