"""Whether two certificates are of one card, as far as they tell.

The user-authentication certificate names nobody, and only the issuer knows which serials belong together (公的個人認証法 18条5項,
open to notified verifiers). What the profile gives away is when the two end: a certificate ends on its holder's fifth birthday
after issue (the sixth, if renewed early) or with the card, and the signature certificate never after the other. So one that was
issued anew after a move ends on the day of the other, and one that ends before it stands beside one that ends on a birthday of the
person it names. A residence card's end is no birthday, but the same day for both.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from .errors import CardError, CardReason
from .policy import CardPolicy, Medium
from .verify import CardVerdict, SignatureVerdict

_JAPAN = timezone(timedelta(hours=9))


def check_one_card(auth: CardVerdict, signature: SignatureVerdict, policy: CardPolicy) -> None:
    """CardError(TWO_CARDS) if the two cannot be of one card. Two people's pass if their cards end on the same day: see threat model."""
    if auth.medium is not signature.medium:
        raise CardError(CardReason.TWO_CARDS, "medium")
    if auth.medium is not Medium.CARD or not policy.ends_tell_one_card:
        return  # what rule a phone's certificates follow is not known
    end, signature_end = _day(auth.not_after), _day(signature.not_after)
    if signature_end > end:
        raise CardError(CardReason.TWO_CARDS, "the signature certificate outlives the other")
    if signature_end != end and not _is_birthday(end, signature.attributes.birth_date):
        raise CardError(CardReason.TWO_CARDS, "ends")


def _day(end: datetime) -> date:
    return end.astimezone(_JAPAN).date()


def _is_birthday(day: date, born: date) -> bool:
    """Born on 29 February: the day before or after it in other years, as offices differ."""
    days = {(2, 28), (2, 29), (3, 1)} if (born.month, born.day) == (2, 29) else {(born.month, born.day)}
    return (day.month, day.day) in days
