"""Verification of My Number cards' certificates (JPKI): pure functions, no web, no database.

A sign-in is `build_statement` twice (once to ask, once to check) and `verify_card`; a claim is `verify_claim`, of
both chips. The certificates are handled in memory only, and the 12-digit number is in neither of them.
"""

from .attributes import FourAttributes, Sex
from .claim import verify_claim
from .errors import CardError, CardMessage, CardReason, TrustError
from .policy import CardPolicy, Medium
from .statement import Purpose, beside, build_statement
from .trust import TrustStore
from .verify import CardVerdict, SignatureVerdict, verify_card, verify_signature_card

__all__ = [
    "CardError",
    "CardMessage",
    "CardPolicy",
    "CardReason",
    "CardVerdict",
    "FourAttributes",
    "Medium",
    "Purpose",
    "Sex",
    "SignatureVerdict",
    "TrustError",
    "TrustStore",
    "beside",
    "build_statement",
    "verify_card",
    "verify_claim",
    "verify_signature_card",
]
