"""Secrets at rest: authenticated encryption and keyed hashes, from one operator key.

Sub-keys come from HKDF (RFC 5869), one per purpose, so that an index key can never decrypt. A ciphertext is
`key id (4) | nonce (12) | AES-256-GCM ciphertext`, bound to its place by `context` (e.g. ``resident:ID``): a row's value copied
to another row does not open.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Callable, Iterator
from functools import partial

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .settings import Settings

Prf = Callable[[str, bytes], bytes]
"""`(purpose, message)` to 32 bytes."""


class VaultError(Exception):
    """The value does not open: wrong key, wrong place, or changed bytes."""


def digest(secret: str) -> str:
    """SHA-256 in hex, the form in which a random secret of >= 256 bits is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Vault:
    """Encrypts, decrypts and indexes with the operator's key; older keys only decrypt."""

    def __init__(self, key: str, old_keys: tuple[str, ...] = ()) -> None:
        masters = [base64.urlsafe_b64decode(k) for k in (key, *old_keys)]
        self._ciphers = {_key_id(m): AESGCM(_derive(m, b"encrypt")) for m in masters}
        self._current = _key_id(masters[0])
        self._master = masters[0]
        self._masters = masters

    @classmethod
    def from_settings(cls, settings: Settings) -> Vault:
        return cls(settings.secret_key, settings.old_secret_keys)

    def encrypt(self, plain: bytes, context: str) -> bytes:
        """Seal `plain` for the place named by `context`."""
        nonce = os.urandom(12)
        return self._current + nonce + self._ciphers[self._current].encrypt(nonce, plain, context.encode())

    def decrypt(self, sealed: bytes, context: str) -> bytes:
        """Open what `encrypt` sealed for the same place. Raises `VaultError`."""
        sealed = bytes(sealed)
        cipher = self._ciphers.get(sealed[:4])
        if cipher is None:
            raise VaultError("sealed with an unknown key")
        try:
            return cipher.decrypt(sealed[4:16], sealed[16:], context.encode())
        except (InvalidTag, ValueError):
            raise VaultError("does not open") from None

    def seal_one(self, purpose: str, plain: bytes, context: str) -> bytes:
        """Seal one of very many short-lived values, each under a key of its own: random nonces under one key are only safe for 2^32
        of them (NIST SP 800-38D §8.3). `salt (16) | AES-256-GCM ciphertext`, bound to `purpose` and `context`.
        """
        salt = os.urandom(16)
        return salt + _one_cipher(self._master, purpose, salt).encrypt(_ONLY_NONCE, plain, context.encode())

    def open_one(self, purpose: str, sealed: bytes, context: str) -> bytes:
        """Open what `seal_one` sealed for the same purpose and context. Raises `VaultError`."""
        salt, text = sealed[:16], sealed[16:]
        for master in self._masters:
            try:
                return _one_cipher(master, purpose, salt).decrypt(_ONLY_NONCE, text, context.encode())
            except (InvalidTag, ValueError):
                continue
        raise VaultError("does not open")

    def prfs(self) -> Iterator[Prf]:
        """A function that nobody without the key can foretell (keyed BLAKE2, RFC 7693 §2.9, a tenth of the time of an HMAC): under the
        current key, then under each former one.
        """
        return (partial(_prf, master) for master in self._masters)

    def index(self, purpose: str, *parts: str | bytes) -> str:
        """A keyed hash (HMAC-SHA256, hex) by which an encrypted or sensitive value can be looked up."""
        return self._index(self._master, purpose, parts)

    def indexes(self, purpose: str, *parts: str | bytes) -> list[str]:
        """`index` under the current and every former key, for look-ups while keys change."""
        return [self._index(master, purpose, parts) for master in self._masters]

    def sign(self, purpose: str, message: str) -> str:
        """A short-lived authenticator for a value that travels through the browser (base64url HMAC)."""
        mac = hmac.new(_derive(self._master, b"sign:" + purpose.encode()), message.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")

    def signed(self, purpose: str, message: str, signature: str) -> bool:
        """Whether `signature` is ours for `message`; constant time."""
        return hmac.compare_digest(self.sign(purpose, message).encode(), signature.encode())

    def _index(self, master: bytes, purpose: str, parts: tuple[str | bytes, ...]) -> str:
        mac = hmac.new(_derive(master, b"index:" + purpose.encode()), digestmod=hashlib.sha256)
        for part in parts:
            raw = part.encode() if isinstance(part, str) else part
            mac.update(len(raw).to_bytes(4, "big") + raw)  # lengths keep ("ab","c") apart from ("a","bc")
        return mac.hexdigest()


_ONLY_NONCE = bytes(12)


def _one_cipher(master: bytes, purpose: str, salt: bytes) -> AESGCM:
    return AESGCM(_prf(master, purpose, salt))


def _prf(master: bytes, purpose: str, message: bytes) -> bytes:
    return hashlib.blake2b(message, digest_size=32, key=_derive(master, b"prf:" + purpose.encode())).digest()


_derived: dict[tuple[bytes, bytes], bytes] = {}


def _derive(master: bytes, info: bytes) -> bytes:
    key = _derived.get((master, info))
    if key is None:
        key = HKDF(algorithm=SHA256(), length=32, salt=b"machi-id", info=info).derive(master)
        _derived[master, info] = key
    return key


def _key_id(master: bytes) -> bytes:
    return hashlib.sha256(b"machi-id key id" + master).digest()[:4]
