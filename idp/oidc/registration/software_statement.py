"""Software statements (RFC 7591 §2.3): metadata about an app, vouched for by an issuer whose keys the operator configured."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from ...foundation.settings import Settings, SettingsError
from ..client_auth import software_statement
from ..jose import JwtError, claimed, public_keys, verify

MAX_LENGTH = 16000
_ABOUT_ITSELF = frozenset({"iss", "iat", "exp", "nbf", "jti", "aud", "sub"})


class SoftwareStatementError(ValueError):
    """`error` is `invalid_software_statement` or `unapproved_software_statement` (RFC 7591 §3.2.2)."""

    def __init__(self, error: str, rule: str) -> None:
        super().__init__(rule)
        self.error = error


def with_statement(settings: Settings, given: dict[str, Any]) -> dict[str, Any]:
    """The metadata with what the statement says over what the request says (§2.3). Raises `SoftwareStatementError`."""
    statement = given.get("software_statement")
    if not statement:
        return given
    if not isinstance(statement, str) or len(statement) > MAX_LENGTH:
        raise SoftwareStatementError("invalid_software_statement", "must be a signed JWT")
    claims = _verified(settings, statement)
    return {**given, **{name: value for name, value in claims.items() if name not in _ABOUT_ITSELF}}


def load_issuers(path: Path | None) -> dict[str, list[dict[str, Any]]]:
    """The operator's file: a JSON object from issuer to JWK set. Raises `SettingsError`."""
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text())
        issuers = {str(issuer): list(jwks["keys"]) for issuer, jwks in found.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise SettingsError("MACHI_SOFTWARE_STATEMENT_ISSUERS: must be JSON, issuer to JWK set") from None
    for key in (key for keys in issuers.values() for key in keys):
        try:
            public_keys.accept(key, public_keys.SIGNATURE)
        except public_keys.KeyRefusedError as error:
            raise SettingsError(f"MACHI_SOFTWARE_STATEMENT_ISSUERS: holds a key that cannot be used: {error}") from None
    return issuers


_issuers = cache(load_issuers)


def _verified(settings: Settings, statement: str) -> dict[str, Any]:
    issuer, known = claimed(statement).get("iss"), _issuers(settings.software_statement_issuers)
    if issuer is None:
        raise SoftwareStatementError("invalid_software_statement", "must be a signed JWT with iss")
    if not isinstance(issuer, str) or issuer not in known:
        raise SoftwareStatementError("unapproved_software_statement", "comes from an issuer that is not approved here")
    try:
        return verify(statement, lambda _header: known[issuer], software_statement(settings, issuer)).claims
    except JwtError as error:
        raise SoftwareStatementError("invalid_software_statement", str(error)) from None
