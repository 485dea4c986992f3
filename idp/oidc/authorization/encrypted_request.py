"""Encrypted request objects (RFC 9101 §6.1, OIDC Core §6.1, §10.2): a signed request object inside a JWE to a key of ours.

Both algorithms are those the client registered; the header only says which of our keys for them. A client that registered encryption
sends no request object without it. Whatever is inside is checked like any other: unsigned, it is refused.
"""

from __future__ import annotations

from typing import Any

import orjson
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64decode

from ..clients import RegisteredClient
from ..jose import Key
from ..protection import DEFAULT_METHOD
from ..server import Provider


class EncryptedRequestError(Exception):
    """The text is fit for an error description, and the same for all that fails with the key: no oracle."""


def signed_part(op: Provider, client: RegisteredClient, token: str) -> str:
    """The signed JWT inside; `token` itself for a client that registered no encryption. Raises `EncryptedRequestError`."""
    alg = client.metadata.get("request_object_encryption_alg")
    encrypted = token.count(".") == 4
    if alg is None:
        if encrypted:
            raise EncryptedRequestError("The client registered no encryption of request objects.")
        return token
    if not encrypted:
        raise EncryptedRequestError("The client's request objects must be encrypted.")
    enc = str(client.metadata.get("request_object_encryption_enc", DEFAULT_METHOD))
    for key in op.keys.opening(str(alg), _key_id(token, str(alg), enc)):
        content = _opened(key, enc, token)
        if content is not None:
            return content
    raise EncryptedRequestError("The request object cannot be opened with a key of this issuer.")


def _key_id(token: str, alg: str, enc: str) -> str | None:
    """The header's `kid`, after a look at what a header may say. Compression is refused: a small text could hold a huge one."""
    try:
        header: Any = orjson.loads(urlsafe_b64decode(token.partition(".")[0].encode()))
    except ValueError:
        header = None
    if not isinstance(header, dict):
        raise EncryptedRequestError("The request object is not a JWT.")
    if (header.get("alg"), header.get("enc")) != (alg, enc):
        raise EncryptedRequestError("The request object is not encrypted as the client registered.")
    if "zip" in header or "crit" in header:
        raise EncryptedRequestError("The request object must have neither zip nor crit.")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise EncryptedRequestError("The request object's kid is not a text.")
    return kid


def _opened(key: Key, enc: str, token: str) -> str | None:
    family: Any = RSAKey if key.alg.startswith("RSA") else ECKey
    registry = jwe.JWERegistry(algorithms=[key.alg, enc], strict_check_header=False)
    try:
        found = jwe.decrypt_compact(token, family.import_key(key.private), registry=registry)
        return None if found.plaintext is None else found.plaintext.decode("ascii")
    except (JoseError, ValueError, TypeError, KeyError, AssertionError):
        return None
