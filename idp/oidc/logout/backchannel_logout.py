"""Back-channel logout (OIDC Back-Channel Logout 1.0): apps that took part in a login are told when it ends.

The token's `sub` comes from the same stored identifier as the ID token's (Keycloak #37839). Delivery is the outbox's: at once, then
with growing pauses.
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

from ...foundation import clock
from ...foundation.outbound import OutboundError
from ...foundation.outbox import Job, RetryLaterError
from ...logins.model import LoginSession
from ...residents import subjects
from ..clients import RegisteredClient
from ..protection import EncryptionKeyError, encrypt_for, encrypts, sign_for
from ..server import Provider

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = 120


def deliver(op: Provider, job: Job) -> None:
    """Outbox handler. Raises `RetryLaterError` when the app does not answer."""
    client = op.clients.get(job.payload["client_id"])
    uri = client.metadata.get("backchannel_logout_uri") if client is not None else None
    if client is None or not uri:
        return
    with op.parts.database.write() as session:
        login = session.get(LoginSession, job.payload["session_id"])
        if login is None:
            return
        sub = subjects.subject_of(session, login.resident_id, client.sector) if may_hear_sub(client, uri) else None
    try:
        token = make_logout_token(op, client, sub, job.payload["sid"])
    except EncryptionKeyError as error:
        raise RetryLaterError(str(error)) from None
    body = urlencode({"logout_token": token}).encode()
    try:
        answer = op.parts.outbound.post(uri, body, "application/x-www-form-urlencoded")
    except OutboundError as error:
        raise RetryLaterError(str(error)) from None
    # 400: the app refused this token (§2.8) and would refuse the same again.
    if answer.status not in (200, 204, 400):
        raise RetryLaterError(f"status {answer.status}")


def may_hear_sub(client: RegisteredClient, uri: str) -> bool:
    """Whether a logout token at `uri` may name the resident; else it names the session alone (§2.4), for which ID tokens gave a sid.

    A client that shares a sector without proof (docs/decisions/0027) gets the `sub` only on a host to which its codes go as well: who
    registered it may have named a department's addresses for the codes, and their own for this.
    """
    codes_go_to = {_host(redirect_uri) for redirect_uri in client.metadata.get("redirect_uris", ())}
    return client.sector_proven or _host(uri) in codes_go_to - {None}


def _host(uri: str) -> str | None:
    """Of an https address: others are nobody's alone."""
    parts = urlsplit(uri)
    return parts.hostname if parts.scheme == "https" else None


def make_logout_token(op: Provider, client: Any, sub: str | None, sid: str) -> str:
    """A logout token (§2.4), signed as the client's ID tokens are; no nonce."""
    now = clock.epoch()
    claims = {
        "iss": op.parts.settings.issuer,
        **({"sub": sub} if sub is not None else {}),
        "aud": client.client_id,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": secrets.token_urlsafe(16),
        "sid": sid,
        "events": {EVENT: {}},
    }
    token = sign_for(op, client, client.id_token_alg, claims, "logout+jwt")
    # §2.4: encrypted as the client's ID tokens are.
    return encrypt_for(op, client, "id_token", token) if encrypts(client, "id_token") else token
