"""Rows that several grants share."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...flows import Check, ClientRequest
from ...protection import require_encryption_key
from ...resources import audience_for
from ...server import Provider


@dataclass
class OwnRequest(ClientRequest):
    """A request for a JWT of ours without a resident's sign-on: its scope, checked, and the audience that follows."""

    scope: str = ""
    audience: list[str] = field(default_factory=list)


def require_key_for_id_token(op: Provider, asked: ClientRequest) -> None:
    """The ID token can be encrypted for a client that registered that; looked at before anything is used up."""
    require_encryption_key(op, asked.client)


def require_known_resource(op: Provider, asked: OwnRequest) -> None:
    """The resources that are named are ours; without any they follow from the scope."""
    asked.audience = audience_for(op.parts.settings, set(asked.scope.split()), asked.form.get("resource"))


KNOWN_RESOURCE: Check[OwnRequest, None] = Check(require_known_resource, "RFC 8707 §2.2", "invalid_target")
ENCRYPTION_KEY: Check[ClientRequest, None] = Check(require_key_for_id_token, "OIDC Core §10.2", "invalid_request")
