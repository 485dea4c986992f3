"""DPoP proofs (RFC 9449): what of a proof must fit the request; signature, times and single use are the verifier's.

A proof says: whoever sends this request holds this key. It is bound to method and address, good once, and for a few minutes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Response, g

from ...foundation import clock
from ...foundation.vault import Vault
from ..errors import OAuth2Error
from ..flows import Check, Table
from ..jose import JwtError, key_brought_along, verify
from ..server import Provider
from .jwt_rules import dpop_proof

NONCE_SECONDS = 120
MAX_PROOF = 4000


class InvalidProofError(OAuth2Error):
    """RFC 9449 §5, §7.1."""

    error = "invalid_dpop_proof"


class UseNonceError(OAuth2Error):
    """RFC 9449 §8: the client repeats the request with the nonce in `DPoP-Nonce`."""

    error = "use_dpop_nonce"


@dataclass(frozen=True)
class DpopProof:
    """A proof whose signature is right, and what it must fit."""

    claims: dict[str, Any]
    method: str
    addresses: frozenset[str]
    access_token: str | None


def check_proof(
    op: Provider, proof: str, *, method: str, addresses: frozenset[str], access_token: str | None = None
) -> str:
    """The thumbprint of the key that signed `proof` for this request (normalised `addresses`).

    Raises `InvalidProofError` or `UseNonceError`. `access_token` at a resource server: the proof must name it.
    """
    if len(proof) > MAX_PROOF:
        raise InvalidProofError("The DPoP proof is too long.")

    def fits(claims: dict[str, Any]) -> None:
        CHECKS.run(op, DpopProof(claims, method, addresses, access_token))

    try:
        return verify(proof, key_brought_along, dpop_proof(op.parts.database), before_use=fits).thumbprint
    except JwtError as error:
        raise InvalidProofError(str(error)) from None


def check_method(_op: Provider, proof: DpopProof) -> None:
    """htm is the method of the request."""
    if proof.claims.get("htm") != proof.method:
        raise InvalidProofError("The DPoP proof's htm is not the request's method.")


def check_address(_op: Provider, proof: DpopProof) -> None:
    """htu is the address of the request, after normalisation, without query and fragment."""
    htu = proof.claims.get("htu")
    if not isinstance(htu, str) or normalised(htu) not in proof.addresses:
        raise InvalidProofError("The DPoP proof's htu is not the request's address.")


def check_token_hash(_op: Provider, proof: DpopProof) -> None:
    """ath says, at a resource server, that the proof is for this token and no other."""
    if proof.access_token is None:
        return
    raw = hashlib.sha256(proof.access_token.encode()).digest()
    expected = base64.urlsafe_b64encode(raw).rstrip(b"=")
    given = proof.claims.get("ath")
    if not isinstance(given, str) or not given.isascii() or not hmac.compare_digest(given.encode(), expected):
        raise InvalidProofError("The DPoP proof's ath is not the hash of the access token.")


def check_nonce(op: Provider, proof: DpopProof) -> None:
    """nonce is one that we gave lately, when the installation asks for one."""
    if not op.parts.settings.dpop_nonce_required:
        return
    vault, nonce = op.parts.vault, proof.claims.get("nonce")
    g.dpop_nonce = current_nonce(vault)
    if not isinstance(nonce, str) or not nonce.isascii() or not nonce_stands(vault, nonce):
        raise UseNonceError("The DPoP proof needs the nonce from the DPoP-Nonce header.")


_INVALID = "invalid_dpop_proof"
CHECKS: Table[DpopProof, None] = Table(
    "A DPoP proof whose signature is right",
    (
        Check(check_method, "RFC 9449 §4.3 (8)", _INVALID),
        Check(check_address, "RFC 9449 §4.3 (9)", _INVALID),
        Check(check_token_hash, "RFC 9449 §4.3 (12), §7", _INVALID),
        Check(check_nonce, "RFC 9449 §4.3 (10), §8", "use_dpop_nonce"),
    ),
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
