"""The deck on disk: who was issued which serial, what is revoked, and the keys. Shared safely by several processes."""

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from .profile import Kind, PrivateKey


@dataclass(slots=True)
class Book:
    """deck.json: serials by card and kind, revocations (serial to reason) by kind, and the last list number."""

    serials: dict[str, dict[Kind, int]] = field(default_factory=dict)
    revoked: dict[Kind, dict[int, str]] = field(default_factory=lambda: {"auth": {}, "sign": {}})
    crl_number: int = 0


class Store:
    """Files under one directory, readable by the owner only. Every change happens under `locked`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._inside = RLock()
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        (root / "cards").mkdir(exist_ok=True, mode=0o700)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other threads and other processes out. Not to be nested."""
        with self._inside, (self.root / ".lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def write(self, name: str, data: bytes) -> None:
        """Replace a file in one step: a reader sees the old one or the new one."""
        handle, temporary = tempfile.mkstemp(dir=self.root, prefix=".new-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(self.root / name)

    def read_book(self) -> Book | None:
        """The book, or None before the deck was made."""
        try:
            raw: dict[str, Any] = json.loads((self.root / "deck.json").read_bytes())
        except FileNotFoundError:
            return None
        revoked: dict[Kind, dict[int, str]] = {
            "auth": {int(serial): reason for serial, reason in raw["revoked"]["auth"].items()},
            "sign": {int(serial): reason for serial, reason in raw["revoked"]["sign"].items()},
        }
        return Book(raw["serials"], revoked, raw["crl_number"])

    def write_book(self, book: Book) -> None:
        """Keep the book."""
        content = {"serials": book.serials, "revoked": book.revoked, "crl_number": book.crl_number}
        self.write("deck.json", json.dumps(content, indent=1).encode())

    def write_pair(self, name: str, key: PrivateKey, certificate: x509.Certificate) -> None:
        """Keep a key and its certificate in one PEM file."""
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.write(name, pem + certificate.public_bytes(Encoding.PEM))

    def read_pair(self, name: str) -> tuple[PrivateKey, x509.Certificate] | None:
        """What `write_pair` kept, or None."""
        try:
            data = (self.root / name).read_bytes()
        except FileNotFoundError:
            return None
        key = load_pem_private_key(data, password=None)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise TypeError(f"{name}: not a card key")
        return key, x509.load_pem_x509_certificate(data)
