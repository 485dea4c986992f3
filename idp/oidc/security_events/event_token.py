"""Security event tokens (RFC 8417 §2.2, SSF §4), signed as the app's ID tokens are."""

from __future__ import annotations

from typing import Any

import orjson

from ..clients import RegisteredClient
from ..protection import encrypt_for, encrypts, sign_for
from ..server import Provider
from .model import SecurityEvent

TYPE = "secevent+jwt"


def make_event_token(op: Provider, client: RegisteredClient, event: SecurityEvent) -> str:
    """The SET: no `exp` (SSF §4.1.7) and no `sub` (§4.1.2), so that it passes for no other token. Raises `EncryptionKeyError`."""
    claims = {
        "iss": op.parts.settings.issuer,
        "jti": event.jti,
        "iat": int(event.created_at.timestamp()),
        "aud": client.client_id,
        "txn": event.txn,
        "sub_id": _subject(op.parts.settings.issuer, event),
        "events": {event.event_type: orjson.loads(event.members)},
    }
    token = sign_for(op, client, client.id_token_alg, claims, TYPE)
    return encrypt_for(op, client, "id_token", token) if encrypts(client, "id_token") else token


def _subject(issuer: str, event: SecurityEvent) -> dict[str, Any]:
    """RFC 9493 §3.2.3: issuer and the app's own `sub`; with one session it is complex (SSF §3.3), or all would be meant."""
    if event.sub is None:
        return {"format": "opaque", "id": event.stream_id}  # SSF §8.1.4.1: of a verification
    user = {"format": "iss_sub", "iss": issuer, "sub": event.sub}
    if event.sid is None:
        return user
    return {"format": "complex", "user": user, "session": {"format": "opaque", "id": event.sid}}
