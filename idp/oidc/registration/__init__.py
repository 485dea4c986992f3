"""Clients are registered and changed: by the city (desk, command line) through this, by themselves over HTTP (RFC 7591, 7592).

`prepare_client` and `all_problems` look without writing, `register_client` and `change_client` write.
"""

from __future__ import annotations

from .change_client import UnknownClientError, all_problems, change_client, options_of, rotate_secret, switch_client
from .install import install
from .register_client import CityOptions, prepare_client, register_client, require_source
from .registration import issue_initial_access_token

__all__ = [
    "CityOptions",
    "UnknownClientError",
    "all_problems",
    "change_client",
    "install",
    "issue_initial_access_token",
    "options_of",
    "prepare_client",
    "register_client",
    "require_source",
    "rotate_secret",
    "switch_client",
]
