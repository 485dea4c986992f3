"""A claim: both chips of one card, read at once, each signing our statement and the name of the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from .one_card import check_one_card
from .statement import beside
from .trust import TrustStore
from .verify import CardVerdict, SignatureVerdict, verify_card, verify_signature_card


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate (DER) and the signature made with its key."""

    certificate: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def verify_claim(
    auth: Signed, sign: Signed, statement: bytes, store: TrustStore, now: datetime
) -> tuple[CardVerdict, SignatureVerdict]:
    """Verify both; CardError if anything is amiss. What they are told apart by comes last, when both keys have signed."""
    card = verify_card(auth.certificate, auth.signature, beside(statement, sign.certificate), store, now)
    person = verify_signature_card(sign.certificate, sign.signature, beside(statement, auth.certificate), store, now)
    check_one_card(card, person, store.policy)
    return card, person
