"""What each algorithm needs: making a key, its public JWK, signing and verifying (RFC 7518, 8037, 9964)."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm, RSAPSSAlgorithm

# Made with a new installation; the others with the first client that registers them.
FIRST_ALGORITHMS = ("ES256", "RS256")
POST_QUANTUM = ("ML-DSA-44", "ML-DSA-65")
ALGORITHMS = (*FIRST_ALGORITHMS, "PS256", "EdDSA", *POST_QUANTUM)
# RFC 7518 §4, to clients and to us. Never RSA1_5 (an oracle), PBES2 or a shared key.
ENCRYPTION_ALGORITHMS = ("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW")

_P256 = ("ES256", "ECDH-ES", "ECDH-ES+A256KW")
_MLDSA: dict[str, Any] = {"ML-DSA-44": mldsa.MLDSA44PrivateKey, "ML-DSA-65": mldsa.MLDSA65PrivateKey}
# RFC 7638 §3.2, RFC 8037 §2, RFC 9964 §3: members of a key that its thumbprint covers.
_THUMBPRINT = {
    "EC": ("crv", "kty", "x", "y"),
    "RSA": ("e", "kty", "n"),
    "OKP": ("crv", "kty", "x"),
    "AKP": ("alg", "kty", "pub"),
}


class _MLDSASigner:
    """ML-DSA in the shape of PyJWT's algorithms, which lack it."""

    def sign(self, message: bytes, key: Any) -> bytes:
        return bytes(key.sign(message))

    def verify(self, message: bytes, key: Any, signature: bytes) -> bool:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


SIGNERS: dict[str, Any] = {
    "ES256": ECAlgorithm(ECAlgorithm.SHA256),
    "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
    "PS256": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256),
    "EdDSA": OKPAlgorithm(),
    **dict.fromkeys(POST_QUANTUM, _MLDSASigner()),
}


def generate(alg: str) -> Any:
    """A new private key for `alg`, one of `ALGORITHMS` or `ENCRYPTION_ALGORITHMS`."""
    if alg in _P256:
        return ec.generate_private_key(ec.SECP256R1())
    if alg == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if alg in _MLDSA:
        return _MLDSA[alg].generate()
    return rsa.generate_private_key(65537, 2048)


def public_members(alg: str, public: Any) -> dict[str, str]:
    """The members of the public JWK that its thumbprint covers, sorted by name."""
    jwk: dict[str, Any]
    if alg in _MLDSA:
        jwk = {"kty": "AKP", "alg": alg, "pub": _text(public.public_bytes(Encoding.Raw, PublicFormat.Raw))}
    elif alg in _P256:
        jwk = json.loads(ECAlgorithm.to_jwk(public))
    elif alg == "EdDSA":
        jwk = json.loads(OKPAlgorithm.to_jwk(public))
    else:
        jwk = json.loads(RSAAlgorithm.to_jwk(public))
    return {name: jwk[name] for name in _THUMBPRINT[jwk["kty"]]}


def half_hash(value: str, alg: str) -> str | None:
    """`at_hash`, `c_hash` (OIDC Core §3.1.3.6): the left half of the hash the algorithm uses; Ed25519 hashes with SHA-512.

    None for ML-DSA, for which no specification names a hash: better no claim than one nobody can check.
    """
    if alg in POST_QUANTUM:
        return None
    hashed = (hashlib.sha512 if alg == "EdDSA" else hashlib.sha256)(value.encode()).digest()
    return _text(hashed[: len(hashed) // 2])


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
