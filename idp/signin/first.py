"""What belongs to the first sign-in: the claim with its card, and the passkey that the welcome page offers right after it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..audit import AuditEventType, Recorded
from ..credentials.model import Passkey
from ..residents.model import Ceremony, Resident

# The welcome page can be open for as long as its sign-in attempt lives (half an hour); somebody may first look for their phone.
LASTS = timedelta(hours=1)


def part_of_first_sign_in(session: Session, happened: Recorded) -> bool:
    """Whether a passkey or card was added in the ceremony that issued the ID: the card that claimed, then the very first passkey."""
    if happened.event is AuditEventType.CARD_BOUND:
        ceremony = session.get(Ceremony, str(happened.facts["ceremony"]))
        return ceremony is not None and ceremony.kind == "claim"
    if happened.event is not AuditEventType.PASSKEY_ADDED:
        return False
    own = Passkey.resident_id == happened.resident_id
    claimed_at = session.scalar(select(Resident.claimed_at).where(Resident.resident_id == happened.resident_id))
    first = session.scalar(select(func.count()).select_from(Passkey).where(own)) == 1
    return first and claimed_at is not None and happened.at - claimed_at < LASTS
