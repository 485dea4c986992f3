"""The token endpoint and its grants, introspection, revocation, userinfo, and the bearer of a token at an API.

`bearer_client` is who calls one of our APIs; `presented_client` leaves it to its caller to ask whether the token was revoked. A grant
that is asked for elsewhere (CIBA, device flow) makes its answer with `grant_answer`.
"""

from __future__ import annotations

from .answers import grant_answer
from .bearer import (
    NO_TOKEN,
    TOKEN_PROBLEMS,
    ApiClient,
    BearerError,
    asks_standing,
    bearer_client,
    check_standing,
    presented_client,
    presented_token,
    refuse_revoked,
)
from .grants.refresh_kept import facts_of
from .grants.shared_checks import ENCRYPTION_KEY
from .install import install

__all__ = [
    "ENCRYPTION_KEY",
    "NO_TOKEN",
    "TOKEN_PROBLEMS",
    "ApiClient",
    "BearerError",
    "asks_standing",
    "bearer_client",
    "check_standing",
    "facts_of",
    "grant_answer",
    "install",
    "presented_client",
    "presented_token",
    "refuse_revoked",
]
