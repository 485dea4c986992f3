"""Residents: the unified ID, the link to the resident register, an identifier for each sector, and the life of an account.

What is read of a resident is opened for one request (`resident_profile`, `unseal`) and kept nowhere in the clear. Numbers that come in
are resolved by `resolve_local_number` and `parse_unified_id`; `life_cycle`, `claiming` and `activation` change an account, `subjects`
is what a department knows a resident by.
"""

from __future__ import annotations

from . import activation, claiming, life_cycle, subjects
from .attributes import Attributes, unseal
from .import_register import RegisterFormatError, import_register
from .my_number import looks_like_my_number
from .read import (
    IDENTITY_LEVELS,
    Profile,
    asks_local_numbers,
    identity_level,
    proofing_methods,
    resident_profile,
    resolve_local_number,
)
from .subjects import asks_residents_of
from .unified_id import grouped, new_unified_id, parse_unified_id

__all__ = [
    "IDENTITY_LEVELS",
    "Attributes",
    "Profile",
    "RegisterFormatError",
    "activation",
    "asks_local_numbers",
    "asks_residents_of",
    "claiming",
    "grouped",
    "identity_level",
    "import_register",
    "life_cycle",
    "looks_like_my_number",
    "new_unified_id",
    "parse_unified_id",
    "proofing_methods",
    "resident_profile",
    "resolve_local_number",
    "subjects",
    "unseal",
]
