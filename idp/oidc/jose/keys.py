"""The provider's keys: sealed at rest, several live ones, rotation in three steps (published, signing, retired).

A key is in the JWKS before it signs and after it stopped, so that no verifier ever meets a signature it cannot check.
A key that others encrypt to takes the same steps, but leaves the JWKS when retired and goes on opening for a while (OIDC Core §10.2.1).
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from ...audit import AuditEventType, record
from ...foundation import clock
from ...foundation.database import Database
from ...foundation.housekeeping import cleans_up
from ...foundation.vault import Vault
from .key_algorithms import ALGORITHMS, ENCRYPTION_ALGORITHMS, FIRST_ALGORITHMS, SIGNERS, generate, public_members
from .model import SigningKey
from .verified_tokens import VerifiedTokens

# Types of token we sign: ID token, access token (RFC 9068 §2.1), logout token (Back-Channel Logout §2.4), introspection (RFC 9701 §5),
# security event (RFC 8417 §2.3).
TYPES = ("JWT", "at+jwt", "logout+jwt", "token-introspection+jwt", "secevent+jwt")
PUBLISHED, SIGNING, RETIRED = "published", "signing", "retired"

# Verifiers re-read the JWKS at least this often (its Cache-Control says less); rotation waits so long between its steps.
SETTLE = timedelta(hours=1)
# A retired key stays until the last token it signed, or the last request encrypted to it, is long over.
KEEP_RETIRED = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Key:
    """A loaded key; `alg` is our record's, never a header's."""

    kid: str
    alg: str
    private: Any
    public: Any
    headers: dict[str, bytes]
    """The encoded header of each type of token this key makes: the only headers a token of ours can have. None for one that opens."""

    def sign(self, payload: dict[str, Any], typ: str = "JWT") -> str:
        """A compact JWS (RFC 7515 §7.1) over the JSON of `payload`; `typ` is one of `TYPES`."""
        message = self.headers[typ] + b"." + base64.urlsafe_b64encode(orjson.dumps(payload)).rstrip(b"=")
        signature = SIGNERS[self.alg].sign(message, self.private)
        return (message + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether this key signed `message`, by the algorithm on our record."""
        return bool(SIGNERS[self.alg].verify(message, self.public, signature))


def _load_key(kid: str, alg: str, private: Any) -> Key:
    headers = {
        typ: base64.urlsafe_b64encode(orjson.dumps({"alg": alg, "kid": kid, "typ": typ})).rstrip(b"=")
        for typ in (TYPES if alg in ALGORITHMS else ())
    }
    return Key(kid, alg, private, private.public_key(), headers)


class SigningKeys:
    """The keys of this installation, cached for a few seconds and re-read when an unknown `kid` turns up."""

    CACHE_SECONDS = 10.0

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._lock = threading.Lock()
        self._keys: dict[str, Key] = {}
        self._by_header: dict[bytes, tuple[Key, str]] = {}
        self._signing: dict[str, Key] = {}
        self._jwks = b'{"keys":[]}'
        self._read_at = -1e9
        self.verified = VerifiedTokens()

    def signing(self, alg: str) -> Key:
        """The key that signs with `alg` now. Raises LookupError if the installation has none."""
        self._refresh()
        if alg not in self._signing:
            self._refresh(older_than=0.0)  # made just now, with the first client that registered it
        return self._signing[alg]

    def by_header(self, header: bytes) -> tuple[Key, str] | None:
        """Key and token type behind an encoded header, retired keys included; None for a header we never make.

        A token's header is compared, not parsed: nothing in it can choose a key or an algorithm.
        """
        self._refresh()
        if header not in self._by_header:
            self._refresh(older_than=1.0)
        return self._by_header.get(header)

    def opening(self, alg: str, kid: str | None) -> list[Key]:
        """The keys that open what was encrypted with `alg`, the newest first, retired ones included; with a `kid`, that one only."""
        self._refresh()
        if kid is not None and kid not in self._keys:
            self._refresh(older_than=1.0)
        return [key for key in self._keys.values() if key.alg == alg and kid in (None, key.kid)]

    def jwks(self) -> bytes:
        """The public JWK set (RFC 7517 §5) as JSON; hardly older than the database, for others keep what they get for minutes."""
        self._refresh(older_than=1.0)
        return self._jwks

    def forget(self) -> None:
        """Read anew at the next use: an app that just registered looks for the key that came with it."""
        self._read_at = -1e9

    def _refresh(self, older_than: float | None = None) -> None:
        limit = self.CACHE_SECONDS if older_than is None else older_than
        if time.monotonic() - self._read_at < limit:
            return
        with self._lock:
            if time.monotonic() - self._read_at < limit:
                return
            with self._database.read() as session:
                rows = session.scalars(select(SigningKey).order_by(SigningKey.created_at.desc())).all()
            keys: dict[str, Key] = {}
            signing: dict[str, Key] = {}
            for row in rows:
                key = self._keys.get(row.kid) or self._load(row)
                keys[row.kid] = key
                if row.state == SIGNING:
                    signing.setdefault(row.alg, key)
            shown = [r for r in rows if r.state != RETIRED or r.alg in ALGORITHMS]
            self._jwks = b'{"keys":[' + b",".join(r.public_jwk.encode() for r in shown) + b"]}"
            self._by_header = {h: (key, typ) for key in keys.values() for typ, h in key.headers.items()}
            self._keys, self._signing = keys, signing
            self._read_at = time.monotonic()

    def _load(self, row: SigningKey) -> Key:
        private = load_pem_private_key(self._vault.decrypt(row.private_sealed, f"signing-key:{row.kid}"), None)
        return _load_key(row.kid, row.alg, private)


def create_key(session: Session, vault: Vault, alg: str, state: str) -> SigningKey:
    """Make a key and store it sealed."""
    private = generate(alg)
    members = public_members(alg, private.public_key())
    thumbprint = hashlib.sha256(orjson.dumps(members, option=orjson.OPT_SORT_KEYS)).digest()  # RFC 7638 §3
    kid = base64.urlsafe_b64encode(thumbprint).decode().rstrip("=")
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    row = SigningKey(
        kid=kid,
        alg=alg,
        state=state,
        private_sealed=vault.encrypt(pem, f"signing-key:{kid}"),
        public_jwk=orjson.dumps(
            {**members, "kid": kid, "use": "sig" if alg in ALGORITHMS else "enc", "alg": alg}
        ).decode(),
        created_at=clock.now(),
    )
    session.add(row)
    return row


def ensure_keys(session: Session, vault: Vault, algorithms: Iterable[str] = FIRST_ALGORITHMS) -> None:
    """Make the keys that are missing: a new installation's first ones, later those a client registers."""
    have = set(session.scalars(select(SigningKey.alg).where(SigningKey.state == SIGNING)))
    for alg in dict.fromkeys(algorithms):
        if alg in (*ALGORITHMS, *ENCRYPTION_ALGORITHMS) and alg not in have:
            create_key(session, vault, alg, SIGNING)


@dataclass(frozen=True)
class RotationStep:
    """What one call of `rotate` did for one algorithm: published | promoted | waiting; `wait_seconds` until the next step."""

    alg: str
    did: str
    wait_seconds: int = 0


def rotate(session: Session, vault: Vault, now_too: bool = False) -> list[RotationStep]:
    """Take the next step of rotation for each algorithm: publish a new key, or (an hour later) let it sign and retire the old.

    `now_too` does both at once, for a key that may have leaked: verifiers that cache the JWKS then fail until they re-read it.
    """
    _lock_rotation(session)
    forget_retired(session)
    now = clock.now()
    steps = []
    for alg in (*ALGORITHMS, *ENCRYPTION_ALGORITHMS):
        rows = session.scalars(select(SigningKey).where(SigningKey.alg == alg)).all()
        if not rows and alg not in FIRST_ALGORITHMS:
            continue  # nobody uses it
        waiting = next((r for r in rows if r.state == PUBLISHED), None)
        if waiting is None:
            waiting = create_key(session, vault, alg, PUBLISHED)
            if not now_too:
                steps.append(RotationStep(alg, "published", int(SETTLE.total_seconds())))
                continue
        ready_at = waiting.created_at + SETTLE
        if not now_too and ready_at > now:
            steps.append(RotationStep(alg, "waiting", int((ready_at - now).total_seconds()) + 1))
            continue
        for row in rows:
            if row.state == SIGNING:
                row.state, row.retired_at = RETIRED, now
        waiting.state = SIGNING
        record(session, AuditEventType.KEYS_ROTATED, alg=alg)
        steps.append(RotationStep(alg, "promoted"))
    return steps


def withdraw(session: Session, kid: str) -> None:
    """Forget a key at once, because it leaked: whatever it signed counts no more. Raises LookupError for a key that is not known, and
    ValueError for one that signs, which must first have a successor (`rotate`).
    """
    row = session.get(SigningKey, kid)
    if row is None:
        raise LookupError(kid)
    if row.state == SIGNING:
        raise ValueError(kid)
    session.delete(row)
    record(session, AuditEventType.KEY_WITHDRAWN, alg=row.alg)


def _lock_rotation(session: Session) -> None:
    """Two operators at once: the second one finds what the first did. Readers do not wait; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE"))


@cleans_up
def forget_retired(session: Session) -> None:
    """Delete keys whose last tokens are long over: at the next rotation, and each day."""
    over = SigningKey.retired_at < clock.now() - KEEP_RETIRED
    session.execute(delete(SigningKey).where(SigningKey.state == RETIRED, over))
