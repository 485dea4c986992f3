"""`grant_type=refresh_token` with rotation (RFC 6749 §6, RFC 9700 §4.14): here what nearly every refresh is.

A token that is not the live one of its family goes to `refresh_again`, where a lost answer is told from a theft.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ....foundation import clock
from ....foundation.vault import digest
from ...client_auth import ANY_CALLER, sender_key
from ...clients import RegisteredClient, scope_error
from ...errors import InvalidGrantError, InvalidRequestError
from ...flows import Check, ClientRequest, ListedGrant, Table
from ...grants.model import Grant
from ...resources import TargetPart, check_part
from ...server import Provider
from ...storage import GrantFacts, Rotation
from ...tokens import RefreshToken, read_refresh_token
from ..answers import grant_answer
from .refresh_again import show_again
from .refresh_kept import keep
from .shared_checks import ENCRYPTION_KEY


@dataclass
class RefreshRequest(ClientRequest):
    """A refresh token; the last check fills in its grant and the token that comes after it."""

    GRANT_TYPE: ClassVar[str] = "refresh_token"

    token: RefreshToken = field(init=False)
    grant: GrantFacts = field(init=False)
    successor: str = field(init=False)


def require_refresh_token(op: Provider, asked: RefreshRequest) -> None:
    """There is a refresh token, and this installation made it."""
    text = asked.form.get("refresh_token")
    if text is None:
        raise InvalidRequestError("Missing 'refresh_token' in request.")
    token = read_refresh_token(op.parts.vault, text)
    if token is None:
        raise InvalidGrantError("Invalid 'refresh_token' in request.")
    asked.token = token


def require_granted_part(op: Provider, asked: RefreshRequest) -> None:
    """A part of scope or resources for this access token is fine, more is not."""
    wanted, resource = asked.form.get("scope"), asked.form.get("resource")
    if wanted is None and resource is None:
        return
    with op.parts.database.read() as session:
        grant = session.get(Grant, asked.token.grant_id)
    if grant is None or grant.client_id != asked.client.client_id:
        return  # the last row refuses it, and says nothing of what it is for
    if wanted is not None and (more := set(wanted.split()) - set(grant.scope.split())):
        raise scope_error(more, "This scope was not granted")
    check_part(op, grant.resource, grant.scope, TargetPart(resource, wanted))


def replace_once(op: Provider, asked: RefreshRequest) -> None:
    """The token is the live one of its family, the client's own, with its key: it is replaced, or kept for a FAPI client."""
    if asked.client.fapi_profile:
        asked.grant, asked.successor = keep(asked.client.client_id, asked.token)
    else:
        asked.grant, asked.successor = _rotate(op, asked.client, asked.token)


CHECKS: Table[RefreshRequest, None] = Table(
    "`refresh_token`",
    (
        *ANY_CALLER,
        Check(require_refresh_token, "RFC 6749 §6", "invalid_request, invalid_grant"),
        Check(require_granted_part, "RFC 6749 §6; RFC 8707 §2.2", "invalid_scope, invalid_target"),
        ENCRYPTION_KEY,
        Check(
            replace_once, "RFC 6749 §6, §10.4; RFC 9700 §4.14.2; FAPI 2.0 Security Profile §5.3.2.1", "invalid_grant"
        ),
    ),
)


class RefreshGrant(ListedGrant):
    """Registered with Authlib's server."""

    GRANT_TYPE = RefreshRequest.GRANT_TYPE
    ASKED = RefreshRequest
    CHECKS = CHECKS

    def token_response(self, asked: RefreshRequest) -> dict[str, Any]:
        """OIDC Core §12.2."""
        form = asked.form
        return grant_answer(asked.client, asked.grant, asked.successor, form.get("scope"), form.get("resource"))


def _rotate(op: Provider, client: RegisteredClient, token: RefreshToken) -> tuple[GrantFacts, str]:
    now = clock.epoch_ms()
    successor = token.successor(op.parts.vault, token.count + 1)
    rotation = Rotation(
        grant_id=token.grant_id,
        token_digest=token.digest,
        client_id=client.client_id,
        successor_digest=digest(successor),
        successor_count=token.count + 1,
        successor_expires_at=now + op.parts.settings.refresh_idle_seconds * 1000,
        key_binding=sender_key().binding,
    )
    grant = op.store.rotate_refresh(rotation, now)
    return (grant, successor) if grant is not None else show_again(client, token)
