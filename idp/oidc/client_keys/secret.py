"""Client secrets: stored as a digest; readable (encrypted) only where a method computes with the secret itself."""

from __future__ import annotations

from typing import Any

from ...foundation.ids import new_secret
from ...foundation.vault import Vault, digest
from ..clients import RegisteredClient
from ..clients.model import Client

SECRET_METHODS = ("client_secret_basic", "client_secret_post", "client_secret_jwt")
_SIGNED = ("id_token_signed_response_alg", "userinfo_signed_response_alg", "introspection_signed_response_alg")


def computes_with_secret(metadata: dict[str, Any]) -> bool:
    """Whether something is signed with the secret: `client_secret_jwt`, or an HS256 answer (OIDC Core §10.1)."""
    return metadata["token_endpoint_auth_method"] == "client_secret_jwt" or any(
        metadata.get(member) == "HS256" for member in _SIGNED
    )


def needs_secret(metadata: dict[str, Any]) -> bool:
    return metadata["token_endpoint_auth_method"] in SECRET_METHODS or computes_with_secret(metadata)


def give_secret(row: Client, vault: Vault, metadata: dict[str, Any]) -> str | None:
    """Put a new secret on the row if its metadata needs one (else take it away); returned this once."""
    secret = new_secret() if needs_secret(metadata) else None
    row.secret_digest = digest(secret) if secret else None
    sealed = secret is not None and computes_with_secret(metadata)
    row.secret_sealed = vault.encrypt(str(secret).encode(), _context(row.client_id)) if sealed else None
    return secret


def secret_fits(row: Client, metadata: dict[str, Any]) -> bool:
    """Whether the row's present secret serves this metadata."""
    return bool(row.secret_digest) == needs_secret(metadata) and bool(row.secret_sealed) == computes_with_secret(
        metadata
    )


def readable_secret(vault: Vault, client: RegisteredClient) -> bytes | None:
    """The secret of a client that computes with it."""
    return vault.decrypt(client.secret_sealed, _context(client.client_id)) if client.secret_sealed else None


def _context(client_id: str) -> str:
    return f"client-secret:{client_id}"
