"""Why a card was refused: an exact reason for the log, one of a few messages for the person.

The person is told no more than three things, because a card's public certificate can be read without a PIN: whoever
holds somebody's certificate must not learn from our answers how far it got. A fourth is for whoever has proven to hold
both chips.
"""

from enum import Enum


class CardMessage(Enum):
    """The only distinctions a person is shown."""

    EXPIRED = "expired"
    """The certificate has run out: renew it at the counter."""
    STOPPED = "stopped"
    """The certificate was revoked or put on hold: ask at the counter."""
    TWO_CARDS = "two_cards"
    """Both chips signed, and they are not of one card: use one, or ask at the counter."""
    TRY_AGAIN = "try_again"
    """Everything else."""


class CardReason(Enum):
    """The check that failed. Safe for logs: says nothing about the holder."""

    OVERSIZED = "oversized"
    UNREADABLE = "unreadable"
    SELF_SIGNED = "self_signed"
    IS_AUTHORITY = "is_authority"
    UNKNOWN_ISSUER = "unknown_issuer"
    WEAK_CERTIFICATE_SIGNATURE = "weak_certificate_signature"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    ROOT_NOT_VALID = "root_not_valid"
    CRITICAL_EXTENSION = "critical_extension"
    KEY_USAGE = "key_usage"
    EXTENDED_KEY_USAGE = "extended_key_usage"
    POLICY = "policy"
    KEY_STRENGTH = "key_strength"
    STATEMENT_SIGNATURE = "statement_signature"
    REVOCATION_UNAVAILABLE = "revocation_unavailable"
    REVOCATION_STALE = "revocation_stale"
    REVOKED = "revoked"
    ON_HOLD = "on_hold"
    ATTRIBUTES = "attributes"
    TWO_CARDS = "two_cards"


_MESSAGES = {
    CardReason.EXPIRED: CardMessage.EXPIRED,
    CardReason.REVOKED: CardMessage.STOPPED,
    CardReason.ON_HOLD: CardMessage.STOPPED,
    CardReason.TWO_CARDS: CardMessage.TWO_CARDS,
}


class CardError(Exception):
    """A card, or what it signed, was refused.

    `detail` is for the log beside `reason`; it never holds a serial, a name or any byte of the certificate.
    """

    def __init__(self, reason: CardReason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail

    @property
    def message(self) -> CardMessage:
        """What the person may be told."""
        return _MESSAGES.get(self.reason, CardMessage.TRY_AGAIN)


class TrustError(Exception):
    """The trust store cannot be used: a root file is missing, empty or holds something that is not such a root."""
