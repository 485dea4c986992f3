"""Authorization codes that carry what they stand for, sealed: giving one writes nothing, and a sign-on waits for the disk once.

A code is opened only for the client it was given to. That it is used once is held by the grant it makes: the grant's id is in the
code, and there is one grant of an id (`storage.interface.HotStore.redeem_code`). What would make an address too long waits in a row.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta

import orjson
from sqlalchemy import delete
from sqlalchemy.orm import Session

from ...foundation import clock
from ...foundation.database import from_ms
from ...foundation.housekeeping import cleans_up
from ...foundation.ids import new_secret
from ...foundation.vault import VaultError, digest
from ..server import Provider
from ..storage import GrantFacts, grant_values
from .model import AuthorizationCode

MAX_LENGTH = 1000
"""Characters of a code; some servers in front of apps refuse an address of more than 2,000."""
_REFERENCE_LENGTH = 43


# The number changes with what is sealed: a code of another version is none, and the app asks again.
_PURPOSE = "authorization code 1"


@dataclass(frozen=True, slots=True)
class Code:
    """What a code stands for."""

    grant: GrantFacts
    """The grant it will make; until then `expires_at` is the end of the code itself."""
    redirect_uri: str
    redirect_given: bool
    challenge: str
    """S256 challenge; empty when a nonce was enough and there was none."""
    key_binding: str | None
    """`jkt:THUMBPRINT` when the authorization request named its key (RFC 9449 §10)."""


def give_code(op: Provider, code: Code) -> str:
    """The code as the app gets it (RFC 6749 §4.1.2), base64url."""
    bound = (code.redirect_uri, code.redirect_given, code.challenge, code.key_binding)
    plain = orjson.dumps([grant_values(code.grant), bound])
    sealed = op.parts.vault.seal_one(_PURPOSE, plain, code.grant.client_id)
    text = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
    if len(text) <= MAX_LENGTH:
        return text
    reference = new_secret()
    with op.parts.database.write() as session:
        session.add(
            AuthorizationCode(code_digest=digest(reference), sealed=sealed, expires_at=from_ms(code.grant.expires_at))
        )
    return reference


def open_code(op: Provider, client_id: str, text: str) -> Code | None:
    """What a code of this client stands for, used, expired or not; None for what is no code of this client's."""
    if not text.isascii():
        return None
    if len(text) == _REFERENCE_LENGTH:
        with op.parts.database.read() as session:
            row = session.get(AuthorizationCode, digest(text))
        sealed = row.sealed if row is not None else None
    else:
        sealed = _decoded(text)
    if sealed is None:
        return None
    try:
        grant, bound = orjson.loads(op.parts.vault.open_one(_PURPOSE, sealed, client_id))
    except VaultError:
        return None
    return Code(GrantFacts(*grant), *bound)


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return None


@cleans_up
def forget_codes(session: Session) -> None:
    session.execute(delete(AuthorizationCode).where(AuthorizationCode.expires_at < clock.now() - timedelta(days=1)))
