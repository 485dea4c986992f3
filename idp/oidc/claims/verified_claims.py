"""`verified_claims` (OpenID Identity Assurance): what the register says and how the resident was proven, only where it was asked for.

The trust framework is our own; the evidence named is the ceremony, never a certificate and never its serial.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from ...foundation import clock
from ...residents import IDENTITY_LEVELS, Attributes, identity_level
from ...residents.model import Ceremony
from ..server import Provider
from .claims import claim_values
from .verified_request import VERIFIED, VERIFIED_CLAIMS, requests_in

TRUST_FRAMEWORK = "urn:machi:trust-framework:resident-register"


def verified_claims(op: Provider, resident_id: str, attributes: Attributes, section: dict[str, Any]) -> dict[str, Any]:
    """`{"verified_claims": …}`, or nothing when what was asked cannot be given (never something else instead)."""
    wanted = requests_in(section)
    if not wanted:
        return {}
    with op.parts.database.read() as session:
        ceremonies = session.execute(
            select(Ceremony.method, Ceremony.at).where(Ceremony.resident_id == resident_id)
        ).all()
    proven = [(row.method, row.at) for row in ceremonies if row.method in IDENTITY_LEVELS]
    if not proven:
        return {}
    level = identity_level(method for method, _ in proven)
    at = max(at for method, at in proven if IDENTITY_LEVELS[method] == level)
    answers = [a for request in wanted if (a := _answer(request, attributes, level, at)) is not None]
    if not answers:
        return {}
    return {VERIFIED: answers if isinstance(section[VERIFIED], list) else answers[0]}


def _answer(request: dict[str, Any], attributes: Attributes, level: int, at: datetime) -> dict[str, Any] | None:
    available = {
        "trust_framework": TRUST_FRAMEWORK,
        "assurance_level": f"ial{level}",
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    asked = request["verification"]
    for name, rule in asked.items():
        # An element with a condition we cannot meet or check takes the whole with it.
        if rule is not None and not _fits(rule, available.get(name), at if name == "time" else None):
            return None
    values = claim_values(attributes, [name for name in VERIFIED_CLAIMS if name in request["claims"]])
    claims = {name: value for name, value in values.items() if _fits(request["claims"][name] or {}, value)}
    if not claims:
        return None
    return {"verification": {name: value for name, value in available.items() if name in asked}, "claims": claims}


def _fits(rule: dict[str, Any], value: Any, at: datetime | None = None) -> bool:
    """`value`, `values` and `max_age` (seconds) of a request against what there is."""
    if "value" in rule and rule["value"] != value:
        return False
    if "values" in rule and (not isinstance(rule["values"], list) or value not in rule["values"]):
        return False
    if "max_age" in rule:
        age = rule["max_age"]
        if at is None or not isinstance(age, int) or (clock.now() - at).total_seconds() > age:
            return False
    return True
