"""What the city, and never the app itself, decides about an app.

`load_policy` and `set_policy` are the city's word on further grants and APIs; the rest is the profile that the city holds an app to
(FAPI 2.0 Security Profile and Message Signing), asked by each place that it makes stricter.
"""

from __future__ import annotations

from .fapi import (
    FAPI_ALGORITHMS,
    FAPI_METHODS,
    MESSAGE_SIGNING,
    PROFILES,
    code_seconds,
    interaction_id,
    profile_problems,
    with_profile_defaults,
)
from .json_schema import schema_problem
from .policy import AssertionPolicy, CityPolicy, PolicyError, load_policy, policy_problems, resource_owner, set_policy

__all__ = [
    "FAPI_ALGORITHMS",
    "FAPI_METHODS",
    "MESSAGE_SIGNING",
    "PROFILES",
    "AssertionPolicy",
    "CityPolicy",
    "PolicyError",
    "code_seconds",
    "interaction_id",
    "load_policy",
    "policy_problems",
    "profile_problems",
    "resource_owner",
    "schema_problem",
    "set_policy",
    "with_profile_defaults",
]
