"""Claims about the resident in the ID token: those the `claims` parameter asked for there (OIDC Core §5.5)."""

from __future__ import annotations

from typing import Any

from ...residents import unseal
from ...residents.model import Resident
from ..server import Provider
from ..storage import GrantFacts
from .claims import SCOPE_CLAIMS, claim_values, parse_claims_parameter
from .verified_claims import verified_claims


def id_token_claims(op: Provider, grant: GrantFacts, with_scopes: bool = False) -> dict[str, Any]:
    """Nothing, without a look at the register, unless something was asked for; `with_scopes`: the scopes' claims as well (§5.4)."""
    if grant.claims is None and not with_scopes:
        return {}
    asked = parse_claims_parameter(grant.claims)
    names, section = list(asked.id_token), asked.sections.get("id_token", {})
    if with_scopes:
        names += [name for scope in grant.scope.split() for name in SCOPE_CLAIMS.get(scope, ())]
    if not names and not section:
        return {}
    with op.parts.database.read() as session:
        row = session.get_one(Resident, grant.resident_id)
        attributes = unseal(op.parts.vault, row.resident_id, row.attributes)
    verified = verified_claims(op, grant.resident_id, attributes, section)
    return {**claim_values(attributes, list(dict.fromkeys(names))), **verified}
