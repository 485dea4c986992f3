"""A resident's phone as WebAuthn sees it: one discoverable credential, and every way in which its answers can be wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Phone:
    """The keyword arguments of `create` and `get` change single parts of the answer (WebAuthn §6.1, §6.5, §5.8.1)."""

    def __init__(self, origin: str = "http://localhost:8000", rp_id: str = "localhost", synced: bool = True) -> None:
        self.origin, self.rp_id = origin, rp_id
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = os.urandom(32)
        self.user_handle = b""
        self.flags = UP | UV | (BE | BS if synced else 0)
        self.counter = 0

    def create(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """The answer to navigator.credentials.create, attestation "none"."""
        self.user_handle = unb64(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cbor2.dumps(cose)
        data = self._data(changes, AT) + attested
        response = {
            "clientDataJSON": b64(self._client_data("webauthn.create", options, changes)),
            "attestationObject": b64(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            "transports": ["internal", "hybrid"],
        }
        return self._credential(response)

    def get(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """The answer to navigator.credentials.get."""
        client_data = self._client_data("webauthn.get", options, changes)
        data = self._data(changes, 0)
        signed = data + hashlib.sha256(client_data).digest()
        key = changes.get("key", self.key)
        response = {
            "clientDataJSON": b64(client_data),
            "authenticatorData": b64(data),
            "signature": b64(key.sign(signed, ec.ECDSA(SHA256()))),
            "userHandle": b64(changes.get("user_handle", self.user_handle)),
        }
        return self._credential(response, changes.get("credential_id"))

    def _client_data(self, kind: str, options: dict[str, Any], changes: dict[str, Any]) -> bytes:
        client_data = {
            "type": changes.get("type", kind),
            "challenge": changes.get("challenge", options["challenge"]),
            "origin": changes.get("origin", self.origin),
            "crossOrigin": False,
        }
        return json.dumps(client_data).encode()

    def _data(self, changes: dict[str, Any], more: int) -> bytes:
        self.counter += 1
        rp_id_hash = hashlib.sha256(changes.get("rp_id", self.rp_id).encode()).digest()
        counter = changes.get("counter", self.counter)
        return rp_id_hash + bytes([changes.get("flags", self.flags) | more]) + counter.to_bytes(4, "big")

    def _credential(self, response: dict[str, Any], credential_id: bytes | None = None) -> dict[str, Any]:
        name = b64(credential_id or self.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
        }
