"""For which API a token is, and what it may do there: resource indicators (RFC 8707) and rich authorization (RFC 9396).

Asked first (`check_part`, `check_rich`), shown to the resident in words (`api_sentences`, `sentences`), and then said of the token
(`department_token`, `token_members`, `introspection_members`).
"""

from __future__ import annotations

from .resource_access import (
    TargetPart,
    api_sentences,
    check_part,
    department_token,
    departments_apis,
    own_part,
    own_target,
    still_allowed,
    with_api_scopes,
)
from .resources import InvalidTargetError, audience_for
from .rich_authorization import DETAILS_PARAMETER, consent_items, sentence, sentences
from .rich_request import check_rich, introspection_members, reject_details_here, token_members

__all__ = [
    "DETAILS_PARAMETER",
    "InvalidTargetError",
    "TargetPart",
    "api_sentences",
    "audience_for",
    "check_part",
    "check_rich",
    "consent_items",
    "department_token",
    "departments_apis",
    "introspection_members",
    "own_part",
    "own_target",
    "reject_details_here",
    "sentence",
    "sentences",
    "still_allowed",
    "token_members",
    "with_api_scopes",
]
