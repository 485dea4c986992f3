"""Public keys of other parties (RFC 7517): which we take, the same wherever one comes in, and what each of them may do.

Registered in `jwks`, fetched from a `jwks_uri`, in the operator's file of statement issuers, in the header of a DPoP proof, under a
client certificate: what is too weak, private, or meant for something else is refused with the reason.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192
SIGNATURE, ENCRYPTION = "sig", "enc"
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
# RFC 7638 §3.2, RFC 8037 §2: the members that make the key, by type.
_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}
_AGREEMENT = ("ECDH-ES", "ECDH-ES+A256KW")
# What a kind of key can be used for here, by type and curve (RFC 7518 §3.1, §4.1, RFC 8037 §3).
_ALGORITHMS: dict[tuple[str, str | None], dict[str, tuple[str, ...]]] = {
    ("RSA", None): {SIGNATURE: ("PS256", "RS256"), ENCRYPTION: ("RSA-OAEP-256",)},
    ("EC", "P-256"): {SIGNATURE: ("ES256",), ENCRYPTION: _AGREEMENT},
    ("EC", "P-384"): {SIGNATURE: (), ENCRYPTION: _AGREEMENT},
    ("EC", "P-521"): {SIGNATURE: (), ENCRYPTION: _AGREEMENT},
    ("OKP", "Ed25519"): {SIGNATURE: ("EdDSA",), ENCRYPTION: ()},
    ("OKP", "X25519"): {SIGNATURE: (), ENCRYPTION: _AGREEMENT},
}
_OPERATIONS = {SIGNATURE: {"verify"}, ENCRYPTION: {"encrypt", "wrapKey", "deriveKey", "deriveBits"}}


class KeyRefusedError(ValueError):
    """This is no public key that we take; the text says why and is fit for a description."""


@dataclass(frozen=True)
class PublicKey:
    """A key that was taken. `algorithms`: those it may be used with, of signatures and of encryption, by its kind and its own word."""

    jwk: dict[str, Any]
    key: Any
    algorithms: tuple[str, ...]

    @property
    def thumbprint(self) -> str:
        """RFC 7638 with SHA-256, base64url."""
        members = {name: self.jwk[name] for name in _MEMBERS[self.jwk["kty"]]}
        raw = hashlib.sha256(orjson.dumps(members, option=orjson.OPT_SORT_KEYS)).digest()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def accept(jwk: Any, purpose: str | None = None) -> PublicKey:
    """The key, for `SIGNATURE`, `ENCRYPTION`, or (None) whichever it is for. Raises `KeyRefusedError`.

    A private part is refused, not ignored (RFC 9449 §4.3), and a shared secret is no key.
    """
    if not isinstance(jwk, dict):
        raise KeyRefusedError("it is not a JWK")
    kty = jwk.get("kty")
    if not isinstance(kty, str) or kty not in _MEMBERS:
        raise KeyRefusedError("its kty is not EC, RSA or OKP")
    if PRIVATE_MEMBERS & set(jwk):
        raise KeyRefusedError("it holds a private or secret part")
    if not all(isinstance(jwk.get(name), str) for name in _MEMBERS[kty]):
        raise KeyRefusedError("a member that makes the key is missing")
    kind = kty, jwk["crv"] if kty != "RSA" else None
    if kind not in _ALGORITHMS:
        raise KeyRefusedError("its curve is not one that is used here")
    algorithms = _algorithms(jwk, _ALGORITHMS[kind], (SIGNATURE, ENCRYPTION) if purpose is None else (purpose,))
    return PublicKey(jwk, _loaded(jwk), algorithms)


def usable(jwk: Any) -> bool:
    """Whether `accept` takes it."""
    try:
        accept(jwk)
    except KeyRefusedError:
        return False
    return True


def check_strength(key: Any) -> None:
    """What holds of every public key, in a JWK or a certificate (FAPI 2.0 §5.4.1). Raises `KeyRefusedError`."""
    if isinstance(key, rsa.RSAPublicKey):
        if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            raise KeyRefusedError(f"an RSA key must have {MIN_RSA_BITS} to {MAX_RSA_BITS} bits")
        return
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1 | ec.SECP521R1):
        return
    if not isinstance(key, ed25519.Ed25519PublicKey | x25519.X25519PublicKey):
        raise KeyRefusedError("its kind or curve is not one that is used here")


def encryption_key(keys: Sequence[Any], alg: str) -> dict[str, Any] | None:
    """The JWK to encrypt to with this algorithm: marked for it first, then unmarked; never one that is for something else."""
    fitting = [key for key in keys if usable(key) and alg in accept(key).algorithms]
    return min(fitting, key=lambda k: ("use" not in k) + ("alg" not in k), default=None)


def _algorithms(jwk: dict[str, Any], possible: dict[str, tuple[str, ...]], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """What is left of a kind's algorithms by `use`, `key_ops` and `alg` (RFC 7517 §4.2 to §4.4)."""
    use, operations, alg = jwk.get("use"), jwk.get("key_ops"), jwk.get("alg")
    if use not in (None, SIGNATURE, ENCRYPTION):
        raise KeyRefusedError("its use is neither sig nor enc")
    if operations is not None and not (isinstance(operations, list) and all(isinstance(o, str) for o in operations)):
        raise KeyRefusedError("its key_ops is not a list of texts")
    purposes = [p for p in wanted if use in (None, p)]
    if not purposes:
        raise KeyRefusedError(f"its use is {use}")
    purposes = [p for p in purposes if operations is None or _OPERATIONS[p] & set(operations)]
    if not purposes:
        raise KeyRefusedError("its key_ops do not fit a public key of its use")
    found = tuple(a for p in purposes for a in possible[p] if alg in (None, a))
    if not found:
        raise KeyRefusedError("its alg, use and kind do not go together, or its alg is not used here")
    return found


def _loaded(jwk: dict[str, Any]) -> Any:
    members = {name: jwk[name] for name in _MEMBERS[jwk["kty"]]}
    try:
        if jwk.get("crv") == "X25519":
            raw = base64.urlsafe_b64decode(jwk["x"] + "==")
            key: Any = x25519.X25519PublicKey.from_public_bytes(raw)
        else:
            key = jwt.PyJWK.from_dict(members, algorithm=_any_algorithm(jwk)).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        raise KeyRefusedError("it is malformed") from None
    check_strength(key)
    return key


def _any_algorithm(jwk: dict[str, Any]) -> str:
    """One under which PyJWT loads this kind of key; which ones it is used with is decided elsewhere."""
    curves = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
    return curves[jwk["crv"]] if "crv" in _MEMBERS[jwk["kty"]] else "RS256"
