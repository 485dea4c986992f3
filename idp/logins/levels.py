"""Levels, computed from recorded facts each time and never stored: what a level asks for changes, what was done does not.

Authentication level 1 to 3 from the factors of the login, identity level 1 to 3 from the proofing; `acr` is the pair that both reach.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

ACR_PREFIX = "urn:machi:acr:"
# The pairs that can be reached and asked for, weakest first.
ACR_VALUES = tuple(f"{ACR_PREFIX}ial{i}-aal{a}" for i in (1, 2, 3) for a in (1, 2, 3))
DECOUPLED_LEVEL = 2


@dataclass(frozen=True, slots=True)
class Factor:
    """One act of proving: `kind` passkey | card | code; `at` ms since 1970. The rest are raw traits of the credential.

    `credential_id` of a code is the ceremony in which it was used.
    """

    kind: str
    at: int
    synced: bool = False
    attested: bool = False
    origin_bound: bool = False
    decoupled: bool = False
    """The word was given on another device than the one that gets the tokens."""
    credential_id: str = ""


def dump_factors(factors: list[Factor]) -> str:
    """As stored with the session."""
    return orjson.dumps(
        [{name: getattr(f, name) for name in Factor.__slots__ if getattr(f, name)} for f in factors]
    ).decode()


def load_factors(stored: str) -> list[Factor]:
    return [Factor(**fields) for fields in orjson.loads(stored)]


def factor_level(factor: Factor) -> int:
    """1 to 3. Level 3 cannot be relayed (NIST SP 800-63B §2.3: AAL3 resists phishing).

    So it is not reached by a card, as nothing in its answer tells which reader it was, nor by a word given on another device than the
    one it is for (device flow, CIBA), whatever it was given with.
    """
    return min(_level_of_kind(factor), DECOUPLED_LEVEL if factor.decoupled else 3)


def _level_of_kind(factor: Factor) -> int:
    if factor.kind == "passkey":
        return 3 if factor.attested and not factor.synced else 2
    if factor.kind == "card":
        return 3 if factor.origin_bound else 2
    return 1


@dataclass(frozen=True, slots=True)
class Assurance:
    """What a login may claim together: everything in it was done at `at` or later.

    `level` 1 to 3 (0: nothing was ever done); `at` in ms since 1970 becomes `auth_time`; of `factors` come the `amr`.
    """

    level: int
    at: int
    factors: tuple[Factor, ...]


def done_since(factors: Iterable[Factor], since: int) -> list[Factor]:
    """Those done at `since` (ms) or later: what a rule that wants a fresh proof may look at, and nothing else."""
    return [factor for factor in factors if factor.at >= since]


def newest(factors: Iterable[Factor]) -> int:
    """When something was last proven, in ms; 0 for never."""
    return max((factor.at for factor in factors), default=0)


def assurance(factors: list[Factor], since: int = 0) -> Assurance:
    """The level that was reached since `since` (ms), and the latest time of which that is true: a weaker proof given later makes a
    strong one no newer, and a strong one given before lends its level to nothing (docs/decisions/0016-level-and-time.md).

    Where nothing was done since, it is what was done last; its `at` shows that this is too long ago.
    """
    counted = done_since(factors, min(since, newest(factors)))
    level = authentication_level(counted)
    at = newest(factor for factor in counted if factor_level(factor) == level)
    return Assurance(level, at, tuple(done_since(counted, at)))


def authentication_level(factors: Iterable[Factor]) -> int:
    """The strongest of these factors."""
    return max((factor_level(f) for f in factors), default=0)


def methods(factors: Iterable[Factor]) -> list[str]:
    """`amr` (RFC 8176) of these factors."""
    found: set[str] = set()
    for factor in factors:
        if factor.kind == "passkey":
            found |= {"swk" if factor.synced else "hwk", "user", "pop", "mfa"}
        elif factor.kind == "card":
            found |= {"sc", "hwk", "pin", "pop", "mfa"}
        else:
            found.add("otp")
    return sorted(found)


def acr(identity: int, authentication: int) -> str:
    """The pair as a URI, e.g. ``urn:machi:acr:ial3-aal2``."""
    return f"{ACR_PREFIX}ial{identity}-aal{authentication}"


def parse_acr(value: str) -> tuple[int, int] | None:
    """`(identity, authentication)` of one of ours."""
    if value not in ACR_VALUES:
        return None
    return int(value[-6]), int(value[-1])


def reaches(have: tuple[int, int], wanted: str) -> bool:
    """Whether the levels reach `wanted`, one of `ACR_VALUES`; an unknown value is not reached."""
    pair: Any = parse_acr(wanted)
    return pair is not None and have[0] >= pair[0] and have[1] >= pair[1]
