"""Registered apps: what a client is, and how a name or an address that it sends is compared with what it registered.

`ClientStore` finds a `RegisteredClient` for a request; `registered` and `clients_by_id` make one from rows that are at hand. The names
of scopes and of extension grants (RFC 6749 §4.5) are here because registration, discovery and the grants all need them.
"""

from __future__ import annotations

from .addresses import ADDRESS_COMPARISON, is_registered_request, parts_of
from .clients import (
    API_SCOPES,
    CLIENT_ID,
    NOBODY,
    PLAIN_SECRET_METHODS,
    SCOPES,
    ClientStore,
    RegisteredClient,
    clients_by_id,
    registered,
)
from .grant_types import CIBA, DEVICE, EXTENSION_GRANT_TYPES, JWT_BEARER, TOKEN_EXCHANGE
from .scopes import scope_error, scope_names

__all__ = [
    "ADDRESS_COMPARISON",
    "API_SCOPES",
    "CIBA",
    "CLIENT_ID",
    "DEVICE",
    "EXTENSION_GRANT_TYPES",
    "JWT_BEARER",
    "NOBODY",
    "PLAIN_SECRET_METHODS",
    "SCOPES",
    "TOKEN_EXCHANGE",
    "ClientStore",
    "RegisteredClient",
    "clients_by_id",
    "is_registered_request",
    "parts_of",
    "registered",
    "scope_error",
    "scope_names",
]
