"""An authenticator in software (WebAuthn §6): makes ES256 passkeys and signs with them, for the origin it is told."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any
from urllib.parse import urlsplit

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """One device. `credentials` by id: `(private key, user handle)`."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.rp_id = str(urlsplit(origin).hostname)
        self.credentials: dict[bytes, tuple[ec.EllipticCurvePrivateKey, bytes]] = {}

    def create(self, options: dict[str, Any], *, verified: bool = True, origin: str | None = None) -> dict[str, Any]:
        """What navigator.credentials.create would give, as JSON."""
        key, credential_id = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(32)
        self.credentials[credential_id] = (key, decode(options["user"]["id"]))
        numbers = key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        attested = b"\0" * 16 + len(credential_id).to_bytes(2, "big") + credential_id + cose
        data = self._data(AT | (UV if verified else 0)) + attested
        response = {
            "clientDataJSON": encode(self._client_data("webauthn.create", options["challenge"], origin)),
            "attestationObject": encode(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            "transports": ["internal"],
        }
        return self._credential(credential_id, response)

    def get(
        self,
        options: dict[str, Any],
        *,
        verified: bool = True,
        origin: str | None = None,
        handle: bytes | None = None,
        challenge: str | None = None,
    ) -> dict[str, Any]:
        """What navigator.credentials.get would give for the newest credential, as JSON."""
        credential_id, (key, user_handle) = list(self.credentials.items())[-1]
        client_data = self._client_data("webauthn.get", challenge or options["challenge"], origin)
        data = self._data(UV if verified else 0)
        signature = key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": encode(client_data),
            "authenticatorData": encode(data),
            "signature": encode(signature),
            "userHandle": encode(user_handle if handle is None else handle),
        }
        return self._credential(credential_id, response)

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([UP | BE | BS | flags]) + b"\0\0\0\0"

    def _client_data(self, kind: str, challenge: str, origin: str | None) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin or self.origin}).encode()

    def _credential(self, credential_id: bytes, response: dict[str, Any]) -> dict[str, Any]:
        name = encode(credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
