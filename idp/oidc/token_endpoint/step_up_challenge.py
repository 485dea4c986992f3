"""Step-up challenge (RFC 9470 §3): a token whose sign-in was too weak or too long ago is sent back for a better one.

The operator sets what userinfo asks for (`MACHI_USERINFO_ACR`, `MACHI_USERINFO_MAX_AGE`); nothing is asked by default.
"""

from __future__ import annotations

from ...foundation import clock
from ...foundation.settings import Settings
from ...logins import levels
from ...residents import identity_level
from ..storage import GrantFacts
from .bearer import BearerError


def levels_of_grant(grant: GrantFacts) -> tuple[int, int]:
    """`(identity, authentication)` that go with the grant's time."""
    proven = levels.assurance(levels.load_factors(grant.factors), grant.authenticated_at)
    return identity_level(grant.proofing.split()), proven.level


def authentication_of(grant: GrantFacts) -> dict[str, str | int]:
    """`acr` and `auth_time` of the sign-in behind a token (RFC 9470 §6.2)."""
    return {
        "acr": levels.acr(*levels_of_grant(grant)),
        "auth_time": grant.authenticated_at // 1000,
    }


def require_authentication(settings: Settings, grant: GrantFacts) -> None:
    """Raises `BearerError` (401 insufficient_user_authentication)."""
    missing = {}
    wanted, max_age = settings.userinfo_acr, settings.userinfo_max_age
    if wanted and not levels.reaches(levels_of_grant(grant), wanted):
        missing["acr_values"] = wanted
    if max_age is not None and clock.epoch() - grant.authenticated_at // 1000 > max_age:
        missing["max_age"] = str(max_age)
    if missing:
        raise BearerError(
            401,
            "insufficient_user_authentication",
            "A stronger or more recent sign-in is needed.",
            parameters=missing,
        )
