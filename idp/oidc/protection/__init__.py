"""Answers signed and encrypted as their client registered (OIDC Registration §2), whichever endpoint gives them."""

from __future__ import annotations

from .protect import (
    DEFAULT_METHOD,
    ENCRYPTION_METHODS,
    HMAC,
    EncryptionKeyError,
    encrypt_for,
    encrypts,
    hmac_header,
    require_encryption_key,
    sign_for,
    signed_by_secret,
)

__all__ = [
    "DEFAULT_METHOD",
    "ENCRYPTION_METHODS",
    "HMAC",
    "EncryptionKeyError",
    "encrypt_for",
    "encrypts",
    "hmac_header",
    "require_encryption_key",
    "sign_for",
    "signed_by_secret",
]
