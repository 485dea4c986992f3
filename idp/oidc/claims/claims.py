"""Which claims a scope means (OIDC Core §5.4), the `claims` parameter (§5.5), and the values about to be shared in plain words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson
from babel.dates import format_skeleton
from flask_babel import get_locale, gettext, lazy_gettext

from ...residents import Attributes
from .verified_request import VERIFIED, VerifiedClaimsError, verified_names

SCOPE_CLAIMS: dict[str, tuple[str, ...]] = {
    "profile": ("name", "family_name", "given_name", "name#ja-Kana-JP", "birthdate", "gender"),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}
CLAIMS = tuple(name for names in SCOPE_CLAIMS.values() for name in names)

LABELS = {
    "name": lazy_gettext("Name"),
    "family_name": lazy_gettext("Family name"),
    "given_name": lazy_gettext("Given name"),
    "name#ja-Kana-JP": lazy_gettext("Name in kana"),
    "birthdate": lazy_gettext("Date of birth"),
    "gender": lazy_gettext("Sex"),
    "address": lazy_gettext("Address"),
    "email": lazy_gettext("E-mail address"),
    "phone_number": lazy_gettext("Phone number"),
}
_GENDER = {"1": "male", "2": "female", "9": "other"}


class ClaimsParameterError(ValueError):
    """The `claims` parameter is not the JSON object of OIDC Core §5.5."""


@dataclass(frozen=True)
class ClaimsRequest:
    """Single claims asked for, by where they go, and an essential `acr` if there is one."""

    userinfo: tuple[str, ...] = ()
    id_token: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] = ()
    voluntary_acr: tuple[str, ...] = ()
    verified: tuple[str, ...] = ()
    """Claims asked for as `verified_claims` anywhere."""
    sections: dict[str, dict[str, Any]] = field(default_factory=dict, compare=False)
    """The whole parameter, kept only where `verified_claims` are in it."""
    subject: str | None = None

    def consent_items(self) -> set[str]:
        return {f"claim:{name}" for name in (*self.userinfo, *self.id_token, *self.verified) if name in CLAIMS}


def parse_claims_parameter(text: str | None) -> ClaimsRequest:
    """Unknown claims are ignored, a wrong shape is refused. Raises `ClaimsParameterError`."""
    if text is None:
        return ClaimsRequest()
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ClaimsParameterError("'claims' is not JSON") from None
    if not isinstance(parsed, dict) or not all(isinstance(parsed.get(k, {}), dict) for k in ("userinfo", "id_token")):
        raise ClaimsParameterError("'claims' is not an object of objects")
    userinfo, id_token = parsed.get("userinfo") or {}, parsed.get("id_token") or {}
    for name, value in (*userinfo.items(), *id_token.items()):
        if value is not None and not isinstance(value, dict) and not (name == VERIFIED and isinstance(value, list)):
            raise ClaimsParameterError("a member of 'claims' is neither null nor an object")
    try:
        verified = (*verified_names(userinfo), *verified_names(id_token))
    except VerifiedClaimsError as error:
        raise ClaimsParameterError(str(error)) from None
    acrs, is_essential = _wanted_acrs(id_token)
    subject = (id_token.get("sub") or {}).get("value") or (userinfo.get("sub") or {}).get("value")
    return ClaimsRequest(
        userinfo=tuple(n for n in userinfo if n in CLAIMS),
        id_token=tuple(n for n in id_token if n in CLAIMS),
        essential_acr=acrs if is_essential else (),
        voluntary_acr=() if is_essential else acrs,
        verified=verified,
        sections={"userinfo": userinfo, "id_token": id_token} if verified else {},
        subject=subject if isinstance(subject, str) else None,
    )


def _wanted_acrs(id_token: dict[str, Any]) -> tuple[tuple[str, ...], bool]:
    """The `acr` values asked for, and whether they are essential (OIDC Core §5.5.1.1)."""
    wanted = id_token.get("acr") or {}
    values = wanted.get("values") or ([wanted["value"]] if "value" in wanted else [])
    if not isinstance(values, list):
        raise ClaimsParameterError("the values of 'acr' are not a list")
    return tuple(v for v in values if isinstance(v, str)), bool(wanted.get("essential"))


def claim_names(scope: str, claims: str | None) -> list[str]:
    """Claims that userinfo returns for a grant."""
    names = [name for s in scope.split() for name in SCOPE_CLAIMS.get(s, ())]
    return list(dict.fromkeys([*names, *parse_claims_parameter(claims).userinfo]))


def claim_values(attributes: Attributes, names: list[str]) -> dict[str, Any]:
    """Standard claims (OIDC Core §5.1) of a resident; those without a value are left out (§5.3.2)."""
    family, given = attributes.family_and_given
    available: dict[str, Any] = {
        "name": attributes.name,
        "family_name": family,
        "given_name": given,
        "name#ja-Kana-JP": attributes.kana,
        "birthdate": attributes.birth_date,
        "gender": _GENDER.get(attributes.sex),
        "address": {"formatted": attributes.address, "country": "JP"},
        "email": attributes.email,
        # Verified only by a proof of ours (Zitadel CVE-2026-27946); the register's word is not one.
        "email_verified": False if attributes.email else None,
        "phone_number": attributes.phone,
        "phone_number_verified": False if attributes.phone else None,
    }
    return {name: available[name] for name in names if available.get(name) is not None}


def shared_values(attributes: Attributes, names: list[str]) -> list[tuple[str, str, str]]:
    """`(claim, label, value)` of what an app would get, for the consent page."""
    values = claim_values(attributes, names)
    rows = []
    for name in told(names):
        value = values.get(name)
        rows.append((name, str(LABELS[name]), _shown(name, value)))
    return rows


def told(names: list[str]) -> list[str]:
    """Those of `names` that a page says: not verified or not, and the parts of a name not beside the whole."""
    return [n for n in names if n in LABELS and not (n in ("family_name", "given_name") and "name" in names)]


def _shown(name: str, value: Any) -> str:
    if value is None:
        return str(gettext("(not registered)"))
    if name == "birthdate":
        return str(format_skeleton("yMMMd", date.fromisoformat(value), locale=get_locale()))
    if name == "address":
        return str(value["formatted"])
    if name == "gender":
        return str({"male": gettext("Male"), "female": gettext("Female")}.get(str(value), gettext("Other")))
    return str(value)
