"""What the card signs: one statement per sign-in, bound to our origin, this browser session, one nonce and one
purpose.

The provider rebuilds the statement from its own state; nothing in it is ever taken from the client. Modelled on the
Web eID token (hash of origin, hash of nonce), with a purpose byte so that a sign-in signature cannot be replayed as a
claim.
"""

import hashlib
from datetime import datetime
from enum import Enum

PREFIX = b"JPKI-AUTH-v1\x00"
NONCE_BYTES = 32


class Purpose(Enum):
    """What the signature is for. The value is the purpose byte on the wire."""

    SIGN_IN = 1
    CLAIM = 2


def build_statement(
    *, origin: str, session_binding: bytes, nonce: bytes, purpose: Purpose, expires_at: datetime
) -> bytes:
    """Return the 118 bytes to be signed.

    PREFIX || SHA-256(origin) || SHA-256(session_binding) || nonce || purpose (1 byte) || expires_at (8 bytes, big
    endian, epoch seconds). `origin` is the provider's own, ASCII, without a trailing slash; `nonce` has 32 random
    bytes; `expires_at` is aware. ValueError for anything else, so that a mistake of the caller cannot weaken the
    binding.
    """
    if not origin or origin.endswith("/") or not origin.isascii():
        raise ValueError("origin must be scheme://host[:port] in ASCII without a trailing slash")
    if not session_binding:
        raise ValueError("session_binding must not be empty")
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"nonce must have {NONCE_BYTES} bytes")
    if expires_at.tzinfo is None:
        raise ValueError("expires_at must be aware")
    return b"".join(
        (
            PREFIX,
            hashlib.sha256(origin.encode("ascii")).digest(),
            hashlib.sha256(session_binding).digest(),
            nonce,
            bytes((purpose.value,)),
            int(expires_at.timestamp()).to_bytes(8, "big"),
        )
    )


def beside(statement: bytes, other_certificate: bytes) -> bytes:
    """What a chip signs in a reading of two: the statement, and SHA-256 of the other chip's certificate (DER). 150 bytes.

    Each of the two names the other, so that signatures from two readings cannot be put together.
    """
    return statement + hashlib.sha256(other_certificate).digest()
