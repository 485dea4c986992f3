"""Public JWKs of others (RFC 7517): which we take, and choosing one for a use."""

from __future__ import annotations

from typing import Any

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_CURVES = {"EC": ("P-256", "P-384", "P-521"), "OKP": ("Ed25519", "X25519")}


def usable(key: Any) -> bool:
    """Whether this is a public key of a kind we know."""
    if not isinstance(key, dict) or PRIVATE_MEMBERS & set(key):
        return False
    if key.get("kty") == "RSA":
        return isinstance(key.get("n"), str) and isinstance(key.get("e"), str) and 342 <= len(key["n"]) <= 1400
    return key.get("crv") in _CURVES.get(str(key.get("kty")), ()) and isinstance(key.get("x"), str)


def encryption_key(keys: list[dict[str, Any]], alg: str) -> dict[str, Any] | None:
    """A key that fits the JWE algorithm: marked for encryption first, then unmarked; never one marked for signing."""
    wanted = ("RSA",) if alg.startswith("RSA") else ("EC", "OKP")
    fitting = [
        key
        for key in keys
        if key.get("kty") in wanted
        and key.get("use", "enc") == "enc"
        and key.get("alg", alg) == alg
        and key.get("crv") != "Ed25519"
    ]
    return min(fitting, key=lambda k: ("use" not in k) + ("alg" not in k), default=None)
