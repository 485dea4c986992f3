"""Authlib's errors, each named for its registered code; every room raises them, and Authlib's server says them (RFC 6749 §5.2).

`OAuth2Error(error=…)` stands for a code that has no class. The making of one is slow (it looks at each character of its description,
§5.2): nothing that succeeds makes any.
"""

from __future__ import annotations

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc8628 import AuthorizationPendingError, ExpiredTokenError, SlowDownError

__all__ = [
    "AccessDeniedError",
    "AuthorizationPendingError",
    "ExpiredTokenError",
    "InvalidClientError",
    "InvalidGrantError",
    "InvalidRequestError",
    "InvalidScopeError",
    "OAuth2Error",
    "SlowDownError",
    "UnauthorizedClientError",
]
