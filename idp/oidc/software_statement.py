"""Software statements (RFC 7591 §2.3): metadata about an app, vouched for by an issuer whose keys the operator configured."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jwt

from ..foundation.settings import Settings, SettingsError
from .jwk import usable
from .jwt_times import Standing, standing

MAX_LENGTH = 16000
_ABOUT_ITSELF = frozenset({"iss", "iat", "exp", "nbf", "jti", "aud", "sub"})
_ALGORITHMS = {"EC": "ES256", "RSA": "PS256", "OKP": "EdDSA"}
_ALGORITHM_NAMES = ["ES256", "PS256", "RS256", "EdDSA"]


class SoftwareStatementError(ValueError):
    """`error` is `invalid_software_statement` or `unapproved_software_statement` (RFC 7591 §3.2.2)."""

    def __init__(self, error: str, rule: str) -> None:
        super().__init__(rule)
        self.error = error


def with_statement(settings: Settings, given: dict[str, Any]) -> dict[str, Any]:
    """The metadata with what the statement says over what the request says (§2.3). Raises `SoftwareStatementError`."""
    statement = given.get("software_statement")
    if statement is None:
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
    if not all(usable(key) for keys in issuers.values() for key in keys):
        raise SettingsError("MACHI_SOFTWARE_STATEMENT_ISSUERS: holds a key that is not a public EC, RSA or OKP key")
    return issuers


_issuers = cache(load_issuers)


def _verified(settings: Settings, statement: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(statement)
        issuer = jwt.decode(statement, options={"verify_signature": False}, algorithms=_ALGORITHM_NAMES).get("iss")
    except jwt.PyJWTError:
        raise SoftwareStatementError("invalid_software_statement", "must be a signed JWT") from None
    known = _issuers(settings.software_statement_issuers)
    if not isinstance(issuer, str) or issuer not in known:
        raise SoftwareStatementError("unapproved_software_statement", "comes from an issuer that is not approved here")
    for key in known[issuer]:
        if header.get("kid") is not None and key.get("kid") not in (None, header["kid"]):
            continue
        # The algorithm comes from the operator's key, never from the statement.
        alg = key.get("alg") or _ALGORITHMS[key["kty"]]
        try:
            claims: dict[str, Any] = jwt.decode(
                statement, jwt.PyJWK.from_dict(key, algorithm=alg).key, algorithms=[alg], issuer=issuer,
                options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )  # fmt: skip
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        if standing(claims) is not Standing.STANDS:
            break
        if "aud" in claims and settings.issuer not in (
            [claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"]
        ):
            break
        return claims
    raise SoftwareStatementError("invalid_software_statement", "has no valid signature for this provider")
