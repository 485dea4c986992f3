"""The one verifier of JWTs that other parties sign: an ordered list of checks by a rule book, the one that remembers something last."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import jwt
import orjson
from jwt.types import Options

from ...foundation import clock
from .public_keys import SIGNATURE, KeyRefusedError, accept
from .rules import Rules

_SIGNATURE_ONLY: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}
_UNREADABLE = (jwt.PyJWTError, ValueError, TypeError, RecursionError)


class Fault(Enum):
    """What is wrong with a JWT."""

    MALFORMED = auto()
    TYPE = auto()
    CRITICAL = auto()
    ALGORITHM = auto()
    KEY = auto()
    SIGNATURE = auto()
    MISSING = auto()
    ISSUER = auto()
    SUBJECT = auto()
    AUDIENCE = auto()
    TIME = auto()
    EXPIRED = auto()
    NOT_YET = auto()
    TOO_OLD = auto()
    TOO_LONG = auto()
    ID = auto()
    USED = auto()


class JwtError(Exception):
    """The JWT is not what the rules ask for; the text is fit for an error description and repeats nothing that was sent."""

    def __init__(self, rules: Rules, fault: Fault, rest: str) -> None:
        super().__init__(f"The {rules.what}{rest}")
        self.fault = fault


class KeysError(Exception):
    """The keys of the signer could not be had; the text is fit for an error description."""


@dataclass(frozen=True)
class Secret:
    """A secret shared with the signer (HS256). No JWK ever becomes one, so a public key cannot be used as a secret."""

    value: bytes


@dataclass(frozen=True)
class Verified:
    """A JWT by the rules. `thumbprint` of the key that signed it (RFC 7638), empty under a shared secret."""

    claims: dict[str, Any]
    thumbprint: str


Keys = Callable[[dict[str, Any]], Sequence[Any]] | Secret
"""From the JWT's header, of which only `kid` should count, to the signer's JWKs. May raise `KeysError`."""


def key_brought_along(header: dict[str, Any]) -> Sequence[Any]:
    """The key in the header, for a JWT that proves possession of it and nothing else (RFC 9449 §4.2)."""
    return [header.get("jwk")]


def claimed(token: str) -> dict[str, Any]:
    """What a JWT says without any proof: only to find out whose keys to look for. Empty for what is not a JWT."""
    return _object(token.partition(".")[2].partition(".")[0]) or {}


def verify(
    token: str, keys: Keys, rules: Rules, before_use: Callable[[dict[str, Any]], None] = lambda _claims: None
) -> Verified:
    """The JWT by the rules. Raises `JwtError`.

    `before_use`: a caller's further checks of the claims, which come before the `jti` counts as used.
    """
    header = _header(token, rules)
    verified = _signed(token, header, keys, rules)
    for check in CLAIM_CHECKS:
        check(verified.claims, rules)
    before_use(verified.claims)
    if rules.once is not None:
        _use_once(rules.issuer or verified.thumbprint, verified.claims, rules, rules.once)
    return verified


def _header(token: str, rules: Rules) -> dict[str, Any]:
    header = _object(token.partition(".")[0])
    if header is None or not isinstance(header.get("kid", ""), str):
        raise JwtError(rules, Fault.MALFORMED, " is not a signed JWT.")
    if "crit" in header:  # none is understood here (RFC 7515 §4.1.11)
        raise JwtError(rules, Fault.CRITICAL, "'s header has crit, which is not supported.")
    typ = header.get("typ")
    said = str(typ).lower().removeprefix("application/")
    if (typ is None and rules.type_required) or (typ is not None and said not in rules.types):
        raise JwtError(rules, Fault.TYPE, f"'s typ is not {' or '.join(rules.types)}.")
    if header.get("alg") not in rules.algorithms:
        raise JwtError(rules, Fault.ALGORITHM, f"'s alg is not one of {', '.join(rules.algorithms)}.")
    return header


def _signed(token: str, header: dict[str, Any], keys: Keys, rules: Rules) -> Verified:
    alg = str(header["alg"])
    if isinstance(keys, Secret):
        return Verified(_opened(token, keys.value, alg, rules), "")
    refused = JwtError(rules, Fault.KEY, "'s kid names no key of its signer.")
    for jwk in _candidates(header, keys, rules):
        try:
            key = accept(jwk, SIGNATURE)
            if alg not in key.algorithms:
                raise KeyRefusedError("it is not for this alg")
            return Verified(_opened(token, key.key, alg, rules), key.thumbprint)
        except KeyRefusedError as error:
            refused = JwtError(rules, Fault.KEY, f"'s key cannot be used: {error}.")
        except JwtError as error:
            refused = error
    raise refused


def _candidates(header: dict[str, Any], keys: Callable[[dict[str, Any]], Sequence[Any]], rules: Rules) -> Iterator[Any]:
    """The signer's keys that may be meant: with the header's `kid` or without any."""
    kid = header.get("kid")
    try:
        found = keys(header)
    except KeysError as error:
        raise JwtError(rules, Fault.KEY, f"'s key could not be had: {error}") from None
    return (jwk for jwk in found if kid is None or not isinstance(jwk, dict) or jwk.get("kid") in (None, kid))


def _opened(token: str, key: Any, alg: str, rules: Rules) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=[alg], options=_SIGNATURE_ONLY)
    except jwt.InvalidSignatureError:
        raise JwtError(rules, Fault.SIGNATURE, "'s signature is wrong.") from None
    except _UNREADABLE:
        raise JwtError(rules, Fault.MALFORMED, " is not a signed JWT with an object of claims.") from None
    return claims


def _object(part: str) -> dict[str, Any] | None:
    """A part of a JWT as the JSON object it should be."""
    try:
        found = orjson.loads(urlsafe_b64decode(part + "=="))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def check_required(claims: dict[str, Any], rules: Rules) -> None:
    """RFC 7523 §3, RFC 9449 §4.3 item 3, and what else a use asks for."""
    for name in (*rules.required, *(("jti",) if rules.once is not None else ())):
        if name not in claims:
            raise JwtError(rules, Fault.MISSING, f" lacks {name}.")


def check_issuer(claims: dict[str, Any], rules: Rules) -> None:
    """RFC 7519 §4.1.1."""
    if rules.issuer is not None and claims.get("iss", rules.issuer) != rules.issuer:
        raise JwtError(rules, Fault.ISSUER, "'s iss is not the signer.")


def check_subject(claims: dict[str, Any], rules: Rules) -> None:
    """RFC 7519 §4.1.2."""
    if rules.subject is not None and claims.get("sub", rules.subject) != rules.subject:
        raise JwtError(rules, Fault.SUBJECT, "'s sub is not the client.")


def check_audience(claims: dict[str, Any], rules: Rules) -> None:
    """RFC 7519 §4.1.3: it is for us."""
    if not rules.audiences or "aud" not in claims:
        return
    audience = claims["aud"]
    if rules.sole_audience and not isinstance(audience, str):
        raise JwtError(rules, Fault.AUDIENCE, "'s aud must be the issuer as one text.")
    texts = [a for a in (audience if isinstance(audience, list) else [audience]) if isinstance(a, str)]
    if not rules.audiences & set(texts):
        raise JwtError(rules, Fault.AUDIENCE, f"'s aud is not {' or '.join(sorted(rules.audiences, key=len))}.")


def check_times(claims: dict[str, Any], rules: Rules) -> None:
    """`exp`, `nbf` and `iat` (RFC 7519 §4.1.4 to §4.1.6), by the product's own clock."""
    times = {name: claims[name] for name in ("exp", "nbf", "iat") if name in claims}
    for name, value in times.items():
        if not is_time(value):
            raise JwtError(rules, Fault.TIME, f"'s {name} is not a time.")
    now, expires = clock.epoch(), times.pop("exp", None)
    if expires is not None and expires + rules.leeway <= now:
        raise JwtError(rules, Fault.EXPIRED, " has expired.")
    for name, value in times.items():
        if value - rules.leeway > now:
            raise JwtError(rules, Fault.NOT_YET, f"'s {name} is in the future.")
        if rules.max_age is not None and value < now - rules.max_age:
            raise JwtError(rules, Fault.TOO_OLD, f"'s {name} is more than {rules.max_age} seconds ago.")
    if expires is None or rules.lifetime is None:
        return
    begins = times.get("nbf", times.get("iat", now))
    if expires - begins > rules.lifetime or expires - now > rules.lifetime + rules.leeway:
        raise JwtError(rules, Fault.TOO_LONG, f" lives too long: at most {rules.lifetime} seconds.")


def check_id(claims: dict[str, Any], rules: Rules) -> None:
    """RFC 7519 §4.1.7, where it counts."""
    jti = claims.get("jti")
    if rules.once is not None and not (isinstance(jti, str) and 0 < len(jti) <= 255 and jti.isprintable()):
        raise JwtError(rules, Fault.ID, "'s jti is not a short text.")


CLAIM_CHECKS: tuple[Callable[[dict[str, Any], Rules], None], ...] = (
    check_required,
    check_issuer,
    check_subject,
    check_audience,
    check_times,
    check_id,
)


def _use_once(signer: str, claims: dict[str, Any], rules: Rules, once: Callable[[str, int], bool]) -> None:
    """A `jti` is good once, as long as the JWT could be accepted (RFC 7523 §3, RFC 9449 §11.1)."""
    ends = [claims["exp"]] if "exp" in claims else []
    ends += [claims["iat"] + rules.max_age] if "iat" in claims and rules.max_age is not None else []
    if not once(f"{signer} {claims['jti']}", int(min(ends)) + rules.leeway + 60):
        raise JwtError(rules, Fault.USED, " was used before.")


def is_time(value: Any) -> bool:
    """Whether a claim is a NumericDate (RFC 7519 §2) that can be reckoned with: no NaN, no infinity, nothing astronomical."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**11
