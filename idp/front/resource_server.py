"""An API for departments: the bearer token of a request, its refusals, and the API's own description (OpenAPI)."""

from __future__ import annotations

from ..foundation.web.openapi import Answer, Media, Operation, Problem, described
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
    "Answer",
    "ApiClient",
    "Media",
    "Operation",
    "Problem",
    "asks_standing",
    "bearer_client",
    "challenge",
    "check_standing",
    "described",
    "presented_client",
    "refuse_revoked",
]
