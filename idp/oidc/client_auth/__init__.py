"""Who calls: client authentication, certificates, and the key that a token is bound to (DPoP, mutual TLS).

`authenticate` says which client a request is from, the rows for tables of checks say which kind of client may ask; `sender_key` and its
neighbours hold a token to its bearer's key. Every JWT that a client sends has its rule here, and is opened by `open_client_jwt`.
"""

from __future__ import annotations

from .authenticate import CLIENT_AUTH_METHODS
from .caller_checks import ANY_CALLER, ANY_CLIENT, CONFIDENTIAL_CALLER, CONFIDENTIAL_CLIENT, REGISTERED_GRANT
from .client_jwt import open_client_jwt
from .install import install
from .jwt_rules import (
    ASSERTION_ALGORITHMS,
    CIBA_ALGORITHMS,
    DPOP_ALGORITHMS,
    REQUEST_ALGORITHMS,
    authorization_grant,
    backchannel_request,
    login_hint_token,
    request_object,
    software_statement,
)
from .sender import check_presented, prove_sender, sender_key

__all__ = [
    "ANY_CALLER",
    "ANY_CLIENT",
    "ASSERTION_ALGORITHMS",
    "CIBA_ALGORITHMS",
    "CLIENT_AUTH_METHODS",
    "CONFIDENTIAL_CALLER",
    "CONFIDENTIAL_CLIENT",
    "DPOP_ALGORITHMS",
    "REGISTERED_GRANT",
    "REQUEST_ALGORITHMS",
    "authorization_grant",
    "backchannel_request",
    "check_presented",
    "install",
    "login_hint_token",
    "open_client_jwt",
    "prove_sender",
    "request_object",
    "sender_key",
    "software_statement",
]
