"""What a flow does, as a list: `Table`s of named `Check`s, each with the paragraph that asks for it, and the one that runs them.

`ListedEndpoint` is an endpoint of Authlib's server whose body is such a table over a `ClientRequest`.
"""

from __future__ import annotations

from .checks import Check, Table
from .flow import FORM, JSON, ClientRequest, EndpointResponse, ListedEndpoint, ListedGrant, answered

__all__ = [
    "FORM",
    "JSON",
    "Check",
    "ClientRequest",
    "EndpointResponse",
    "ListedEndpoint",
    "ListedGrant",
    "Table",
    "answered",
]
