"""The authorization endpoint: requests in every form, the tables of their checks, consent, and the answer.

Flows without a redirect share what is asked of the resident: `AuthorizationRequest`, `requested_claims`, `grant_consent`, `join`.
"""

from __future__ import annotations

from .authorize_request import AuthorizationRequest
from .consent import requested_claims
from .install import install
from .participation import grant_consent, join
from .response import RESPONSE_MODES

__all__ = ["RESPONSE_MODES", "AuthorizationRequest", "grant_consent", "install", "join", "requested_claims"]
