"""What an app may register (RFC 7591 §2): every member of client metadata and its rule.

`validate_metadata` is the whole of it; a `MetadataError` says which member breaks which rule. The lists are what discovery promises.
"""

from __future__ import annotations

from . import metadata
from .ciba import DELIVERY_MODES
from .keys_and_certificates import TLS_METHODS
from .metadata import MAX_SECONDS, MetadataError, present, validate_metadata
from .response_types import RESPONSE_TYPES, UNSUPPORTED_RESPONSE_TYPES, is_hybrid
from .responses import SIGNING_ALGORITHMS, key_algorithms_of

__all__ = [
    "DELIVERY_MODES",
    "MAX_SECONDS",
    "RESPONSE_TYPES",
    "SIGNING_ALGORITHMS",
    "TLS_METHODS",
    "UNSUPPORTED_RESPONSE_TYPES",
    "MetadataError",
    "is_hybrid",
    "key_algorithms_of",
    "metadata",
    "present",
    "validate_metadata",
]
