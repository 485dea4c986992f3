"""The rule book for one use of JWTs that other parties sign (RFC 7519, RFC 8725)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# What clocks may differ, in seconds (FAPI 2.0 §5.3.2.1: 10 must be taken, 60 must not).
LEEWAY = 10


@dataclass(frozen=True)
class Rules:
    """What a JWT must be for this use. The algorithm comes from here and from the record of the key, never from a header alone."""

    what: str
    """Begins every description: "client assertion"."""
    algorithms: tuple[str, ...]
    types: tuple[str, ...] = ("jwt",)
    """What `typ` may say, in lower case (RFC 8725 §3.11)."""
    type_required: bool = False
    required: tuple[str, ...] = ()
    """Claims that must be there; those that are there are checked in any case."""
    issuer: str | None = None
    subject: str | None = None
    audiences: frozenset[str] = frozenset()
    """One of them must be in `aud`; empty: this use has no audience."""
    sole_audience: bool = False
    """`aud` is one text, not an array (FAPI 2.0 §5.3.2.1)."""
    lifetime: int | None = None
    """Longest time to `exp`, from `nbf` or `iat` and from now, in seconds."""
    max_age: int | None = None
    """How long ago `nbf` and `iat` may be, in seconds."""
    leeway: int = LEEWAY
    once: Callable[[str, int], bool] | None = None
    """Remembers signer and `jti` until a time (seconds since 1970): False if they were used before. Then `jti` is required."""

    def __post_init__(self) -> None:
        ends = "exp" in self.required or ("iat" in self.required and self.max_age is not None)
        if self.once is not None and not ends:
            raise ValueError(f"{self.what}: what counts once must have an end")
