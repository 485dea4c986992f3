"""What is said about a resident: which claims a scope means, which ones an app asked for, and their values (OIDC Core §5).

`parse_claims_parameter` reads the request, `claim_values` and `verified_claims` (Identity Assurance) give what goes out,
`shared_values` shows the resident the same beforehand.
"""

from __future__ import annotations

from .claims import (
    CLAIMS,
    LABELS,
    SCOPE_CLAIMS,
    ClaimsParameterError,
    ClaimsRequest,
    claim_names,
    claim_values,
    parse_claims_parameter,
    shared_values,
    told,
)
from .id_token_claims import id_token_claims
from .verified_claims import TRUST_FRAMEWORK, verified_claims
from .verified_request import VERIFIED_CLAIMS

__all__ = [
    "CLAIMS",
    "LABELS",
    "SCOPE_CLAIMS",
    "TRUST_FRAMEWORK",
    "VERIFIED_CLAIMS",
    "ClaimsParameterError",
    "ClaimsRequest",
    "claim_names",
    "claim_values",
    "id_token_claims",
    "parse_claims_parameter",
    "shared_values",
    "told",
    "verified_claims",
]
