"""Response types beside `code`, and which grant types go with each (OIDC Registration §2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..jose import key_algorithms

RESPONSE_TYPES = ("code id_token", "code token", "code id_token token", "id_token", "id_token token")
# What a library that asks for another one by default shows to its developer.
UNSUPPORTED_RESPONSE_TYPES = "This response_type is not offered here. Use 'code'."
_SETS = frozenset(frozenset(t.split()) for t in RESPONSE_TYPES)


def is_hybrid(response_type: str | None) -> bool:
    """Whether this is one of `TYPES`, its words in any order (OAuth 2.0 Multiple Response Types §3)."""
    return response_type != "code" and frozenset((response_type or "").split()) in _SETS


def grant_types_of(response_types: list[str]) -> list[str]:
    """`authorization_code` for a type with code, `implicit` for one with anything else."""
    words = {word for kind in response_types for word in kind.split()}
    return [g for g, on in (("authorization_code", "code" in words), ("implicit", bool(words - {"code"}))) if on]


def response_type_problems(metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each problem is (member, rule)."""
    kinds, grants = metadata["response_types"], set(metadata["grant_types"])
    for grant in ("authorization_code", "implicit"):
        if (grant in grant_types_of(kinds)) != (grant in grants):
            yield "response_types", f"must fit the grant types: {grant}"
    if "implicit" in grants and metadata["id_token_signed_response_alg"] in key_algorithms.POST_QUANTUM:
        yield "id_token_signed_response_alg", "ML-DSA names no hash, which these response types need"
