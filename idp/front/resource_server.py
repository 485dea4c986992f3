"""An API for departments: the bearer token of a request, its refusals, and the API's own description (OpenAPI)."""

from __future__ import annotations

from ..foundation.web.openapi import Answer, Media, Operation, Problem, described
from ..oidc.server import challenge
from ..oidc.token_endpoint import TOKEN_PROBLEMS, ApiClient, bearer_client

__all__ = [
    "TOKEN_PROBLEMS",
    "Answer",
    "ApiClient",
    "Media",
    "Operation",
    "Problem",
    "bearer_client",
    "challenge",
    "described",
]
