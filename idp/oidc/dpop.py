"""DPoP proofs (RFC 9449): an ordered list of checks, the one that remembers something last.

A proof says: whoever sends this request holds this key. It is bound to method and address, good once, and for a few minutes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
from authlib.oauth2 import OAuth2Error
from flask import Response, g
from sqlalchemy.exc import IntegrityError

from ..foundation import clock
from ..foundation.vault import Vault, digest
from .provider import Provider
from .public_jwk import SIGNATURE_ONLY, PublicJwkError, is_time, load_public_jwk, thumbprint
from .security_model import UsedProof

# Without RS256 (FAPI 2.0 §5.4), and never one of a shared secret.
DPOP_ALGORITHMS = ("ES256", "PS256", "EdDSA")
PAST, AHEAD = 300, 30
"""How old a proof may be, and how far a client's clock may run ahead, in seconds."""
NONCE_SECONDS = 120
MAX_PROOF = 4000


class InvalidProofError(OAuth2Error):  # type: ignore[misc]
    """RFC 9449 §5, §7.1."""

    error = "invalid_dpop_proof"


class UseNonceError(OAuth2Error):  # type: ignore[misc]
    """RFC 9449 §8: the client repeats the request with the nonce in `DPoP-Nonce`."""

    error = "use_dpop_nonce"


@dataclass(frozen=True)
class Proof:
    """A proof whose signature is right, and what it must fit."""

    op: Provider
    claims: dict[str, Any]
    jkt: str
    method: str
    addresses: frozenset[str]
    access_token: str | None


def check_proof(
    op: Provider, proof: str, *, method: str, addresses: frozenset[str], access_token: str | None = None
) -> str:
    """The thumbprint of the key that signed `proof` for this request (normalised `addresses`).

    Raises `InvalidProofError` or `UseNonceError`. `access_token` at a resource server: the proof must name it.
    """
    claims, jkt = _verified(proof)
    presented = Proof(op, claims, jkt, method, addresses, access_token)
    for check in CHECKS:
        check(presented)
    return jkt


def _verified(proof: str) -> tuple[dict[str, Any], str]:
    """Claims and key thumbprint, by the public key in the header (RFC 9449 §4.3 items 3 to 7)."""
    if len(proof) > MAX_PROOF:
        raise InvalidProofError("The DPoP proof is too long.")
    try:
        header = jwt.get_unverified_header(proof)
    except jwt.PyJWTError:
        raise InvalidProofError("The DPoP header is not one JWT.") from None
    alg, jwk = header.get("alg"), dict(header["jwk"]) if isinstance(header.get("jwk"), dict) else {}
    if header.get("typ") != "dpop+jwt":
        raise InvalidProofError("The DPoP proof's typ is not dpop+jwt.")
    if alg not in DPOP_ALGORITHMS:
        raise InvalidProofError("The DPoP proof's alg is not supported.")
    try:
        key = load_public_jwk(jwk, alg)
        claims: dict[str, Any] = jwt.decode(proof, key, algorithms=[alg], options=SIGNATURE_ONLY)
    except PublicJwkError as error:
        raise InvalidProofError(f"The DPoP proof's jwk: {error}.") from None
    except (jwt.PyJWTError, ValueError, TypeError):
        raise InvalidProofError("The DPoP proof's signature is wrong.") from None
    return claims, thumbprint(jwk)


def check_method(proof: Proof) -> None:
    """htm (item 8)."""
    if proof.claims.get("htm") != proof.method:
        raise InvalidProofError("The DPoP proof's htm is not the request's method.")


def check_address(proof: Proof) -> None:
    """htu (item 9): after normalisation, without query and fragment."""
    htu = proof.claims.get("htu")
    if not isinstance(htu, str) or normalised(htu) not in proof.addresses:
        raise InvalidProofError("The DPoP proof's htu is not the request's address.")


def check_time(proof: Proof) -> None:
    """iat (item 11); exp and nbf, when there, hold as in any JWT."""
    now: float = clock.epoch()
    issued: Any = proof.claims.get("iat")
    if not is_time(issued) or not now - PAST <= issued <= now + AHEAD:
        raise InvalidProofError("The DPoP proof's iat is not recent.")
    expires, begins = proof.claims.get("exp", now + 1), proof.claims.get("nbf", now)
    if not is_time(expires) or not is_time(begins) or expires + AHEAD <= now or begins > now + AHEAD:
        raise InvalidProofError("The DPoP proof is not valid at this time.")


def check_token_hash(proof: Proof) -> None:
    """ath (item 12): at a resource server the proof is for this token and no other."""
    if proof.access_token is None:
        return
    raw = hashlib.sha256(proof.access_token.encode()).digest()
    expected = base64.urlsafe_b64encode(raw).rstrip(b"=")
    given = proof.claims.get("ath")
    if not isinstance(given, str) or not given.isascii() or not hmac.compare_digest(given.encode(), expected):
        raise InvalidProofError("The DPoP proof's ath is not the hash of the access token.")


def check_nonce(proof: Proof) -> None:
    """nonce (item 10), when the installation asks for one."""
    if not proof.op.parts.settings.dpop_nonce_required:
        return
    vault, nonce = proof.op.parts.vault, proof.claims.get("nonce")
    g.dpop_nonce = current_nonce(vault)
    if not isinstance(nonce, str) or not nonce.isascii() or not nonce_stands(vault, nonce):
        raise UseNonceError("The DPoP proof needs the nonce from the DPoP-Nonce header.")


def check_unused(proof: Proof) -> None:
    """jti (§11.1), remembered in the database as long as the proof could be accepted: a restart forgets nothing."""
    jti = proof.claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= 255 or not jti.isprintable():
        raise InvalidProofError("The DPoP proof has no usable jti.")
    over = clock.now() + timedelta(seconds=PAST + AHEAD + 1)
    try:
        with proof.op.parts.database.write() as session:
            session.add(UsedProof(key=digest(f"{proof.jkt} {jti}"), expires_at=over))
    except IntegrityError:
        raise InvalidProofError("The DPoP proof was used before.") from None


CHECKS: tuple[Callable[[Proof], None], ...] = (
    check_method,
    check_address,
    check_time,
    check_token_hash,
    check_nonce,
    check_unused,
)


def normalised(url: str) -> str:
    """Scheme and host in lower case, no default port, an empty path as `/`, without query and fragment (RFC 3986 §6.2.2, §6.2.3).

    Empty for what is not an http(s) address, which is no address of ours.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return ""
    default = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    authority = host if port in (None, default) else f"{host}:{port}"
    return f"{parts.scheme}://{authority}{parts.path or '/'}"


def current_nonce(vault: Vault) -> str:
    """The nonce of these two minutes: no state, only our signature over the time."""
    return _nonce(vault, clock.epoch() // NONCE_SECONDS)


def nonce_stands(vault: Vault, nonce: str) -> bool:
    """Whether it is the nonce of this or the last period."""
    period = clock.epoch() // NONCE_SECONDS
    return any(hmac.compare_digest(_nonce(vault, p).encode(), nonce.encode()) for p in (period, period - 1))


def add_nonce(response: Response) -> Response:
    """`after_request`: the nonce for the client's next proof (RFC 9449 §8.2)."""
    nonce = g.get("dpop_nonce")
    if nonce is not None:
        response.headers["DPoP-Nonce"] = nonce
    return response


def _nonce(vault: Vault, period: int) -> str:
    return vault.sign("dpop-nonce", str(period))
