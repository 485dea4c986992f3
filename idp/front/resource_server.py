"""An API for departments: the bearer token of a request, its refusals, and the API's own description (OpenAPI)."""

from __future__ import annotations

from ..foundation.web.openapi import Media, Operation, Problem, ResponseSpec, described
from ..oidc.server import challenge
from ..oidc.token_endpoint import (
    TOKEN_PROBLEMS,
    ApiClient,
    asks_standing,
    bearer_client,
    check_standing,
    presented_client,
    refuse_revoked,
)

__all__ = [
    "TOKEN_PROBLEMS",
    "ApiClient",
    "Media",
    "Operation",
    "Problem",
    "ResponseSpec",
    "asks_standing",
    "bearer_client",
    "challenge",
    "check_standing",
    "described",
    "presented_client",
    "refuse_revoked",
]
