"""Answers signed and encrypted as their client registered (OIDC Registration §2: `*_signed_response_alg`, `*_encrypted_response_*`)."""

from __future__ import annotations

import base64
import hmac
from typing import Any

import orjson
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from ..client_keys import ClientKeysError, readable_secret
from ..clients import RegisteredClient
from ..errors import OAuth2Error
from ..jose import public_keys
from ..server import Provider

ENCRYPTION_METHODS = ("A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM")
DEFAULT_METHOD = "A128CBC-HS256"
HMAC = "HS256"


class EncryptionKeyError(OAuth2Error):
    """The client registered encryption, and no key of it could be had."""

    error = "invalid_request"


def sign_for(op: Provider, client: RegisteredClient, alg: str, claims: dict[str, Any], typ: str = "JWT") -> str:
    """A JWS by our key for `alg`, or by the client's secret for HS256 (OIDC Core §10.1)."""
    if alg != HMAC:
        return op.keys.signing(alg).sign(claims, typ)
    message = hmac_header(typ) + b"." + _encoded(orjson.dumps(claims))
    return (message + b"." + _encoded(_mac(op, client, message))).decode()


def signed_by_secret(op: Provider, client: RegisteredClient, message: bytes, signature: bytes) -> bool:
    """Whether an HS256 signature is ours for this client."""
    return hmac.compare_digest(_mac(op, client, message), signature)


def hmac_header(typ: str) -> bytes:
    return _encoded(orjson.dumps({"alg": HMAC, "typ": typ}))


def encrypts(client: RegisteredClient, answer: str) -> bool:
    """Whether the client registered encryption for `answer` (id_token, userinfo, introspection, authorization)."""
    return f"{answer}_encrypted_response_alg" in client.metadata


def encrypt_for(op: Provider, client: RegisteredClient, answer: str, content: str | bytes, nested: bool = True) -> str:
    """A compact JWE for the client; `nested`: the content is a JWS (`cty` JWT). Raises `EncryptionKeyError`."""
    alg = str(client.metadata[f"{answer}_encrypted_response_alg"])
    enc = str(client.metadata.get(f"{answer}_encrypted_response_enc", DEFAULT_METHOD))
    jwk = client_encryption_key(op, client, alg)
    header: dict[str, Any] = {"alg": alg, "enc": enc}
    if "kid" in jwk:
        header["kid"] = jwk["kid"]
    if nested:
        header["cty"] = "JWT"
    try:
        key = JWKRegistry.import_key({n: v for n, v in jwk.items() if n not in ("use", "key_ops", "alg")})
        return jwe.encrypt_compact(header, content, key, algorithms=[alg, enc])
    except (JoseError, ValueError, TypeError):
        raise EncryptionKeyError("The client's encryption key cannot be used.") from None


def client_encryption_key(op: Provider, client: RegisteredClient, alg: str) -> dict[str, Any]:
    """Raises `EncryptionKeyError`."""
    try:
        jwk = public_keys.encryption_key(op.client_keys.of(client), alg)
    except ClientKeysError as error:
        raise EncryptionKeyError(str(error)) from None
    if jwk is None:
        raise EncryptionKeyError("The client has no key for its registered encryption.")
    return jwk


def require_encryption_key(op: Provider, client: RegisteredClient) -> None:
    """Before a code or refresh token is consumed: the ID token it gives can be encrypted. Raises `EncryptionKeyError`."""
    if encrypts(client, "id_token"):
        client_encryption_key(op, client, str(client.metadata["id_token_encrypted_response_alg"]))


def _mac(op: Provider, client: RegisteredClient, message: bytes) -> bytes:
    secret = readable_secret(op.parts.vault, client)
    if not secret:
        raise LookupError(f"client {client.client_id} has no readable secret")
    return hmac.digest(secret, message, "sha256")


def _encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
