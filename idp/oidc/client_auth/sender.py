"""Sender-constrained tokens (RFC 9449, RFC 8705 §3): the key a caller proves, and holding tokens to it.

At the token endpoint the key is proven right after the client, before any code or token is looked at: what fails here has used
nothing up. At a resource server a bound token is worth nothing without its key.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request

from ...foundation.settings import Settings
from ...foundation.web.application import asked_method
from ..clients import RegisteredClient
from ..errors import InvalidRequestError, OAuth2Error
from ..server import Provider, endpoints
from .certificate import client_certificate
from .dpop import InvalidProofError, check_proof, normalised


@dataclass(frozen=True)
class SenderKey:
    """What the caller of this request proved: thumbprints of a DPoP key and of a client certificate."""

    jkt: str | None = None
    x5t: str | None = None

    @property
    def confirmation(self) -> dict[str, str] | None:
        """The `cnf` claim (RFC 7800)."""
        members = {"jkt": self.jkt, "x5t#S256": self.x5t}
        return {name: value for name, value in members.items() if value is not None} or None

    @property
    def binding(self) -> str | None:
        """The form in which codes and grants remember a key."""
        if self.jkt is not None:
            return f"jkt:{self.jkt}"
        return f"x5t:{self.x5t}" if self.x5t is not None else None

    @property
    def token_type(self) -> str:
        """RFC 9449 §5; certificate-bound tokens stay Bearer (RFC 8705 §3)."""
        return "DPoP" if self.jkt is not None else "Bearer"


UNBOUND = SenderKey()


def sender_key() -> SenderKey:
    """The key proven with the current token request."""
    found: SenderKey = g.get("sender_key", UNBOUND)
    return found


def prove_sender(op: Provider, client: RegisteredClient, required: bool = True) -> SenderKey:
    """Check what this request proves, and that it proves what the client's registration asks for. Raises `OAuth2Error`."""
    metadata = client.metadata
    proof = request.headers.get("DPoP")
    jkt = x5t = None
    if proof is not None:
        jkt = check_proof(op, proof, method=asked_method(request), addresses=addresses(op.parts.settings))
    elif required and metadata.get("dpop_bound_access_tokens"):
        raise InvalidRequestError("A DPoP proof is needed.")
    if metadata.get("tls_client_certificate_bound_access_tokens"):
        certificate = client_certificate()
        x5t = certificate.x5t_s256 if certificate is not None else None
        if required and x5t is None:
            raise InvalidRequestError("A client certificate is needed.")
    if required and client.fapi_profile is not None and jkt is None and x5t is None:
        raise InvalidRequestError("FAPI 2.0: a DPoP proof or a client certificate is needed.")
    g.sender_key = SenderKey(jkt, x5t)
    return g.sender_key  # type: ignore[no-any-return]


def check_presented(op: Provider, confirmation: dict[str, str], scheme: str, raw: str) -> None:
    """Hold a token to the key it is bound to (`confirmation`: its `cnf`, RFC 7800); no downgrade to Bearer (RFC 9449 §7.1, §7.2).

    Raises `OAuth2Error`.
    """
    if (scheme == "dpop") != ("jkt" in confirmation):
        raise OAuth2Error(error="invalid_token", description="The token's type is not the Authorization scheme's.")
    if "jkt" in confirmation:
        proof = request.headers.get("DPoP")
        if proof is None:
            raise InvalidProofError("A DPoP proof is needed with this token.")
        jkt = check_proof(
            op, proof, method=asked_method(request), addresses=addresses(op.parts.settings), access_token=raw
        )
        if jkt != confirmation["jkt"]:
            raise OAuth2Error(error="invalid_token", description="The token is bound to another key.")
    if "x5t#S256" in confirmation:
        certificate = client_certificate()
        if certificate is None or certificate.x5t_s256 != confirmation["x5t#S256"]:
            raise OAuth2Error(error="invalid_token", description="The token is bound to another client certificate.")


def addresses(settings: Settings) -> frozenset[str]:
    """Under which addresses the current endpoint is reached: by the issuer, never by a header of the request."""
    return frozenset(normalised(address) for address in endpoints.addresses(settings, request.path))
