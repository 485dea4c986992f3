"""The checks of a code that is shown at the token endpoint, in order (RFC 6749 §4.1.3, OIDC Core §3.1.3.2, RFC 7636 §4.6).

Whatever does not belong to the code uses nothing up. The last row is one statement: it makes the grant, if the login lives and no grant
was made by this code before.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field, replace
from typing import ClassVar

from ....audit import AuditEventType, record
from ....foundation import clock
from ....foundation.vault import digest
from ...client_auth import ANY_CALLER, sender_key
from ...errors import InvalidGrantError, InvalidRequestError, OAuth2Error
from ...flows import Check, ClientRequest, Table
from ...grants import revoke_grants
from ...grants.model import Grant
from ...resources import TargetPart, check_part
from ...server import Provider
from ...storage import GrantFacts, Redemption
from ...tokens import Code, first_refresh_token, open_code
from .shared_checks import ENCRYPTION_KEY

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass
class CodeRequest(ClientRequest):
    """A code, and what it was given for; the last check fills in the grant it became."""

    GRANT_TYPE: ClassVar[str] = "authorization_code"

    code: Code = field(init=False)
    grant: GrantFacts = field(init=False)
    refresh_token: str | None = None


def require_own_code(op: Provider, asked: CodeRequest) -> None:
    """There is a code, and it was given to this client."""
    text = asked.form.get("code")
    if text is None:
        raise InvalidRequestError("Missing 'code' in request.")
    code = open_code(op, asked.client.client_id, text)
    if code is None:
        raise InvalidGrantError("Invalid 'code' in request.")
    asked.code = code


def require_granted_resource(op: Provider, asked: CodeRequest) -> None:
    """The resources that are named are a part of what was granted, and there; without any it is the first that was granted."""
    check_part(op, asked.code.grant.resource, asked.code.grant.scope, TargetPart(asked.form.get("resource")))


def require_readable_verifier(_op: Provider, asked: CodeRequest) -> None:
    """A code verifier has the characters and the length of one."""
    verifier = asked.form.get("code_verifier")
    if verifier is not None and not _VERIFIER.fullmatch(verifier):
        raise InvalidRequestError("Invalid 'code_verifier'")


def reject_verifier_without_challenge(op: Provider, asked: CodeRequest) -> None:
    """A verifier for a code that was asked for without a challenge is a downgrade that somebody tries."""
    if not asked.code.challenge and "code_verifier" in asked.form:
        raise _refused(
            op,
            asked,
            InvalidRequestError("A 'code_verifier' was sent, but the authorization request had no 'code_challenge'."),
        )


def require_verifier(op: Provider, asked: CodeRequest) -> None:
    """The verifier is that of the challenge, by S256."""
    if not asked.code.challenge:
        return
    verifier = asked.form.get("code_verifier")
    if verifier is None:
        raise _refused(op, asked, InvalidGrantError("Missing 'code_verifier'"))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    if not hmac.compare_digest(asked.code.challenge, challenge):
        raise _refused(op, asked, InvalidGrantError("Code challenge failed."))


def require_key_of_code(op: Provider, asked: CodeRequest) -> None:
    """A code that was bound to a key comes with that key."""
    if asked.code.key_binding is not None and asked.code.key_binding != sender_key().binding:
        raise _refused(op, asked, InvalidGrantError("The code is bound to another DPoP key."))


def require_redirect_uri_of_code(op: Provider, asked: CodeRequest) -> None:
    """The redirect URI is the one the code went to; it may be left out only where the authorization request left it out."""
    given = asked.form.get("redirect_uri")
    if given != asked.code.redirect_uri and (given is not None or asked.code.redirect_given):
        raise _refused(op, asked, InvalidGrantError("Invalid 'redirect_uri' in request."))


def redeem_once(op: Provider, asked: CodeRequest) -> None:
    """The code lives, the login it was given in lives, and it was not used before: a second use ends what the first gave."""
    now, sender, client, settings = clock.epoch_ms(), sender_key(), asked.client, op.parts.settings
    if asked.code.grant.expires_at <= now:
        raise _refused(op, asked, InvalidGrantError("Invalid 'code' in request."))
    renews = client.check_grant_type("refresh_token")
    refresh_token = first_refresh_token(op.parts.vault, asked.code.grant.grant_id) if renews else None
    lasting = settings.refresh_absolute_seconds if refresh_token else settings.access_token_seconds
    grant = replace(asked.code.grant, expires_at=now + lasting * 1000)
    redemption = Redemption(
        grant=grant,
        offline="offline_access" in grant.scope.split(),
        refresh_digest=digest(refresh_token) if refresh_token else None,
        refresh_expires_at=now + settings.refresh_idle_seconds * 1000 if refresh_token else None,
        key_binding=sender.binding if client.auth_method == "none" else None,
    )
    expires_at = op.store.redeem_code(redemption, now)
    if expires_at is None:
        raise _refused(op, asked, InvalidGrantError("Invalid 'code' in request."))
    asked.grant, asked.refresh_token = replace(grant, expires_at=expires_at), refresh_token


def _refused(op: Provider, asked: CodeRequest, error: OAuth2Error) -> OAuth2Error:
    """`error`; if the code was used before, that ends what the first use gave (RFC 6749 §4.1.2)."""
    grant = asked.code.grant
    with op.parts.database.read() as session:
        used = session.get(Grant, grant.grant_id) is not None
    if used:
        with op.parts.database.write() as session:
            revoke_grants(session, [grant.grant_id])
            record(session, AuditEventType.CODE_REUSED, resident_id=grant.resident_id, client_id=grant.client_id)
    return error


CHECKS: Table[CodeRequest, None] = Table(
    "`authorization_code`",
    (
        *ANY_CALLER,
        Check(require_own_code, "RFC 6749 §4.1.3; OIDC Core §3.1.3.2", "invalid_request, invalid_grant"),
        Check(require_granted_resource, "RFC 8707 §2.2", "invalid_target, invalid_scope"),
        ENCRYPTION_KEY,
        Check(require_readable_verifier, "RFC 7636 §4.1", "invalid_request"),
        Check(reject_verifier_without_challenge, "RFC 9700 §2.1.1, §4.8.2", "invalid_request"),
        Check(require_verifier, "RFC 7636 §4.6", "invalid_grant"),
        Check(require_key_of_code, "RFC 9449 §10", "invalid_grant"),
        Check(require_redirect_uri_of_code, "RFC 6749 §4.1.3; OIDC Core §3.1.3.2", "invalid_grant"),
        Check(redeem_once, "RFC 6749 §4.1.2; RFC 9700 §4.5", "invalid_grant"),
    ),
)
