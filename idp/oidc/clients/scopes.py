"""Refusing scopes by name (RFC 6749 §5.2), so that a developer need not try them one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import InvalidScopeError

# RFC 6749 §3.3; what breaks it may not stand in an `error_description` (§5.2).
_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,100}")
_SHOWN = 10


def scope_error(scopes: Iterable[str], rule: str) -> InvalidScopeError:
    """`rule`, and which scopes break it."""
    names = scope_names(scopes)
    return InvalidScopeError(f"{rule}: {names}." if names else f"{rule}.")


def scope_names(scopes: Iterable[str]) -> str:
    """The first few in order, without those that are no scopes at all."""
    return " ".join(sorted(s for s in scopes if _TOKEN.fullmatch(s))[:_SHOWN])
