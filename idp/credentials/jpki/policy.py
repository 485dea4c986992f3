"""What a municipality accepts from cards. All of it is configuration: the published profile may change with a
generation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from types import MappingProxyType

from cryptography.x509.oid import ExtendedKeyUsageOID


class Medium(Enum):
    """Where the key lives, as told by the certificate policy."""

    CARD = "card"
    PHONE = "phone"


AUTH_CARD_POLICY = "1.2.392.200149.8.5.1.3.30"
SIGN_CARD_POLICY = "1.2.392.200149.8.5.1.1.20"


@dataclass(frozen=True, slots=True)
class CardPolicy:
    """Limits and accepted policies. The defaults fit the card profile as known in 2026."""

    auth_policies: Mapping[str, Medium] = field(
        default_factory=lambda: MappingProxyType({AUTH_CARD_POLICY: Medium.CARD})
    )
    """Policy OIDs that may sign in, and the medium each stands for. Phones have OIDs of their own: add them when
    known.
    """
    sign_policies: Mapping[str, Medium] = field(
        default_factory=lambda: MappingProxyType({SIGN_CARD_POLICY: Medium.CARD})
    )
    """Policy OIDs accepted for proof of identity by signature certificate."""
    auth_extended_key_usages: frozenset[str] = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string})
    """If a user-authentication certificate carries extKeyUsage, one of these must be in it. It need not carry it."""
    sign_extended_key_usages: frozenset[str] = frozenset(
        {ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string, "1.3.6.1.5.5.7.3.36"}
    )
    """The same for signature certificates: e-mail protection or document signing (RFC 9336)."""
    max_certificate_bytes: int = 4096
    """Largest DER certificate that is parsed at all."""
    ends_tell_one_card: bool = True
    """Hold both certificates of a card to the rule on their ends (`one_card.py`); off if a profile drops it."""
    min_rsa_bits: int = 2048
    """Smallest RSA modulus (施行規則 2条: at least 2048 bits)."""
    max_rsa_bits: int = 4096
    """Largest RSA modulus, which bounds the cost of one verification."""
    max_crl_age: timedelta = timedelta(hours=26)
    """Oldest thisUpdate that still counts. Lists are rebuilt daily; two hours are left for fetching them."""
    clock_skew: timedelta = timedelta(minutes=5)
    """How far notBefore and thisUpdate may lie ahead of our clock. Ends (notAfter, nextUpdate) get no grace."""
