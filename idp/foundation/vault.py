"""Secrets at rest: authenticated encryption under the operator's key; keyed hashes, tokens and signatures under a ring of keys.

What the operator's key seals is `key id (4) | nonce (12) | AES-256-GCM ciphertext`, bound to its place by `context` (e.g.
``resident:ID``): a row's value copied to another row does not open. The ring (key_ring.py) is sealed under it too, and stays when the
operator's key changes. Sub-keys come from HKDF (RFC 5869), one per purpose, so that an index key can never decrypt.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .secret_key import key_bytes

Prf = Callable[[str, bytes], bytes]
"""`(purpose, message)` to 32 bytes."""


class VaultError(Exception):
    """The value does not open: wrong key, wrong place, or changed bytes."""


def digest(secret: str) -> str:
    """SHA-256 in hex, the form in which a random secret of >= 256 bits is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


RING_PLACE = "key-ring"
SEEN_SECONDS = 5.0
"""For so long a process may still seal under the key that was the database's before `reseal`."""


@dataclass(frozen=True)
class Ring:
    """Sub-keys by what they are for: made from the roots, the present one first, or kept from the time before there was a ring."""

    roots: tuple[bytes, ...]
    kept: dict[str, tuple[bytes, ...]] = field(default_factory=dict)

    @classmethod
    def new(cls) -> Ring:
        return cls((os.urandom(32),))

    @classmethod
    def load(cls, plain: bytes) -> Ring:
        """From what `dump` gave."""
        stored = orjson.loads(plain)
        kept = {info: tuple(map(bytes.fromhex, keys)) for info, keys in stored["kept"].items()}
        return cls(tuple(map(bytes.fromhex, stored["roots"])), kept)

    def dump(self) -> bytes:
        kept = {info: [key.hex() for key in keys] for info, keys in self.kept.items()}
        return orjson.dumps({"roots": [root.hex() for root in self.roots], "kept": kept})

    def keys(self, info: str) -> tuple[bytes, ...]:
        """The present key, then those that still count."""
        return self.kept.get(info) or tuple(_derive(root, info.encode()) for root in self.roots)


class Vault:
    """Encrypts and decrypts with the operator's keys, hashes and signs with the ring's.

    `stored` reads the sealed ring, None when there is none yet. The key that the ring is sealed under is the one that seals, whichever
    of those named that is: processes that are being restarted with a new key and those that are not yet go on together. Without
    `stored` the operator's keys are the ring's roots.
    """

    def __init__(
        self, key: str, old_keys: tuple[str, ...] = (), stored: Callable[[], bytes | None] | None = None
    ) -> None:
        masters = [key_bytes(k) for k in (key, *old_keys)]
        self._ciphers = {_key_id(m): AESGCM(_derive(m, b"encrypt")) for m in masters}
        self.key_id = _key_id(masters[0])
        """Of `MACHI_SECRET_KEY`."""
        self._masters = masters
        self._stored = stored
        self._ring = Ring(tuple(masters)) if stored is None else None
        self._seals_with, self._seen_at = self.key_id, float("-inf")

    def encrypt(self, plain: bytes, context: str) -> bytes:
        """Seal `plain` for the place named by `context`."""
        return self._encrypt(self._sealing_key(), plain, context)

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

    def seal_anew(self, sealed: bytes, context: str) -> bytes:
        """The same value under `MACHI_SECRET_KEY`. Raises `VaultError`."""
        return self._encrypt(self.key_id, self.decrypt(sealed, context), context)

    def knows(self, key_id: bytes) -> bool:
        """Whether the key of this id is named in the settings."""
        return key_id in self._ciphers

    def seal_one(self, purpose: str, plain: bytes, context: str) -> bytes:
        """Seal one of very many short-lived values, each under a key of its own: random nonces under one key are only safe for 2^32
        of them (NIST SP 800-38D §8.3). `salt (16) | AES-256-GCM ciphertext`, bound to `purpose` and `context`.
        """
        salt = os.urandom(16)
        return salt + _one_cipher(self._keys(f"prf:{purpose}")[0], salt).encrypt(_ONLY_NONCE, plain, context.encode())

    def open_one(self, purpose: str, sealed: bytes, context: str) -> bytes:
        """Open what `seal_one` sealed for the same purpose and context. Raises `VaultError`."""
        salt, text = sealed[:16], sealed[16:]
        for key in self._keys(f"prf:{purpose}"):
            try:
                return _one_cipher(key, salt).decrypt(_ONLY_NONCE, text, context.encode())
            except (InvalidTag, ValueError):
                continue
        raise VaultError("does not open")

    def prfs(self) -> Iterator[Prf]:
        """A function that nobody without the key can foretell (keyed BLAKE2, RFC 7693 §2.9, a tenth of the time of an HMAC): under the
        present key, then under each that still counts.
        """
        return (partial(self._prf, n) for n in range(len(self._keys("prf:refresh token"))))

    def index(self, purpose: str, *parts: str | bytes) -> str:
        """A keyed hash (HMAC-SHA256, hex) by which an encrypted or sensitive value can be looked up."""
        return _index(self._keys(f"index:{purpose}")[0], parts)

    def indexes(self, purpose: str, *parts: str | bytes) -> list[str]:
        """`index` under the present key and every one that still counts."""
        return [_index(key, parts) for key in self._keys(f"index:{purpose}")]

    def sign(self, purpose: str, message: str) -> str:
        """A short-lived authenticator for a value that travels through the browser (base64url HMAC)."""
        return base64.urlsafe_b64encode(self.authenticate(purpose, message.encode())).decode().rstrip("=")

    def authenticate(self, purpose: str, message: bytes) -> bytes:
        """The same as 32 bytes, for what is no text."""
        return hmac.new(self._keys(f"sign:{purpose}")[0], message, hashlib.sha256).digest()

    def signed(self, purpose: str, message: str, signature: str) -> bool:
        """Whether `signature` is ours for `message`; constant time."""
        return hmac.compare_digest(self.sign(purpose, message).encode(), signature.encode())

    def ring_of_before(self, infos: Iterable[str]) -> Ring:
        """A ring that keeps the keys of these purposes as they were made from the operator's, and is random for the rest."""
        kept = {info: tuple(_derive(master, info.encode()) for master in self._masters) for info in infos}
        return Ring(Ring.new().roots, kept)

    def forget_ring(self) -> None:
        """Read it anew when it is next needed."""
        self._seen_at = float("-inf")
        if self._stored is not None:
            self._ring = None

    def _keys(self, info: str) -> tuple[bytes, ...]:
        if self._ring is None:
            sealed = self._look()
            if sealed is None:
                raise VaultError("the database holds no key ring: run `machi init`")
            self._ring = Ring.load(self.decrypt(sealed, RING_PLACE))
        return self._ring.keys(info)

    def _sealing_key(self) -> bytes:
        if self._stored is not None and time.monotonic() - self._seen_at > SEEN_SECONDS:
            self._look()
        return self._seals_with

    def _look(self) -> bytes | None:
        sealed = self._stored() if self._stored is not None else None
        if sealed is not None:
            if not self.knows(sealed[:4]):
                raise VaultError("the key ring is sealed with an unknown key")
            self._seals_with = bytes(sealed[:4])
        self._seen_at = time.monotonic()
        return sealed

    def _encrypt(self, key_id: bytes, plain: bytes, context: str) -> bytes:
        nonce = os.urandom(12)
        return key_id + nonce + self._ciphers[key_id].encrypt(nonce, plain, context.encode())

    def _prf(self, generation: int, purpose: str, message: bytes) -> bytes:
        return _blake2(self._keys(f"prf:{purpose}")[generation], message)


def _index(key: bytes, parts: tuple[str | bytes, ...]) -> str:
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        mac.update(len(raw).to_bytes(4, "big") + raw)  # lengths keep ("ab","c") apart from ("a","bc")
    return mac.hexdigest()


_ONLY_NONCE = bytes(12)


def _one_cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(_blake2(key, salt))


def _blake2(key: bytes, message: bytes) -> bytes:
    return hashlib.blake2b(message, digest_size=32, key=key).digest()


_derived: dict[tuple[bytes, bytes], bytes] = {}


def _derive(master: bytes, info: bytes) -> bytes:
    key = _derived.get((master, info))
    if key is None:
        key = HKDF(algorithm=SHA256(), length=32, salt=b"machi-id", info=info).derive(master)
        _derived[master, info] = key
    return key


def _key_id(master: bytes) -> bytes:
    return hashlib.sha256(b"machi-id key id" + master).digest()[:4]
