"""Reading a request for `verified_claims` (OpenID Identity Assurance) in the `claims` parameter."""

from __future__ import annotations

from typing import Any

VERIFIED = "verified_claims"
VERIFIED_CLAIMS = ("name", "name#ja-Kana-JP", "birthdate", "gender", "address")
MAX_REQUESTS = 10


class VerifiedClaimsError(ValueError):
    """The request for verified claims has a wrong shape; fit for `error_description`."""


def requests_in(section: dict[str, Any]) -> list[dict[str, Any]]:
    """The requests in one section of the `claims` parameter, shape checked. Raises `VerifiedClaimsError`."""
    found = section.get(VERIFIED)
    if found is None:
        return []
    wanted = found if isinstance(found, list) else [found]
    for request in wanted:
        verification = request.get("verification") if isinstance(request, dict) else None
        if not isinstance(verification, dict) or "trust_framework" not in verification:
            raise VerifiedClaimsError("verified_claims needs a verification with a trust_framework")
        claims = request.get("claims")
        if not isinstance(claims, dict) or not claims:
            raise VerifiedClaimsError("verified_claims needs claims")
        if any(v is not None and not isinstance(v, dict) for v in (*claims.values(), *verification.values())):
            raise VerifiedClaimsError("a member of verified_claims is neither null nor an object")
    if len(wanted) > MAX_REQUESTS:
        raise VerifiedClaimsError("verified_claims asks for too much")
    return wanted


def verified_names(section: dict[str, Any]) -> list[str]:
    """Claims named in these requests that we can vouch for; consent must cover them."""
    names = [name for request in requests_in(section) for name in request["claims"]]
    return [name for name in VERIFIED_CLAIMS if name in names]
