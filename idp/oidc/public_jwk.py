"""Public keys that others send us as JWK (RFC 7517): loaded strictly, and their thumbprint (RFC 7638)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.types import Options

# RFC 7638 §3.2, RFC 8037 §2: the members that make the key, by type.
_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_CURVES = {"ES256": "P-256", "EdDSA": "Ed25519"}
_TYPES = {"ES256": "EC", "PS256": "RSA", "RS256": "RSA", "EdDSA": "OKP"}
MIN_RSA_BITS = 2048

SIGNATURE_ONLY: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}
"""For `jwt.decode` where the claims are checked one by one afterwards."""


def is_time(value: Any) -> bool:
    """Whether a claim is a NumericDate (RFC 7519 §2) that can be reckoned with: no NaN, no infinity, nothing astronomical."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**11


class PublicJwkError(ValueError):
    """Not a public key that can be used with this algorithm."""


def load_public_jwk(jwk: Any, alg: str) -> Any:
    """The key for PyJWT. Raises `PublicJwkError`; a private part is refused, not ignored (RFC 9449 §4.3)."""
    if not isinstance(jwk, dict) or jwk.get("kty") != _TYPES.get(alg) or _PRIVATE & set(jwk):
        raise PublicJwkError("not a public key for this algorithm")
    if alg in _CURVES and jwk.get("crv") != _CURVES[alg]:
        raise PublicJwkError("not the curve of this algorithm")
    if not all(isinstance(jwk.get(name), str) for name in _MEMBERS[jwk["kty"]]):
        raise PublicJwkError("a member is missing")
    try:
        key = jwt.PyJWK.from_dict(jwk, algorithm=alg).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        raise PublicJwkError("malformed") from None
    if isinstance(key, RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        raise PublicJwkError("the key is too short")
    return key


def thumbprint(jwk: dict[str, Any]) -> str:
    """RFC 7638 with SHA-256, base64url. `jwk` was loaded by `load_public_jwk`."""
    members = {name: jwk[name] for name in _MEMBERS[jwk["kty"]]}
    return base64.urlsafe_b64encode(hashlib.sha256(orjson.dumps(members, option=orjson.OPT_SORT_KEYS)).digest())[
        :43
    ].decode()
