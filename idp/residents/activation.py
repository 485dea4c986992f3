"""Activation codes: a first way in for people without a card reader, from the counter or by post."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy.orm import Session

from ..foundation import clock
from ..foundation.ids import AMBIGUOUS, READABLE
from ..foundation.vault import Vault
from .model import ActivationCode

# Minutes at the counter, 21 days by post (NIST SP 800-63A, facts §7.3 rule 6).
LIFETIMES = {"counter": timedelta(minutes=30), "post": timedelta(days=21)}
_LENGTH = 12


def issue_activation_code(session: Session, vault: Vault, resident_id: str, channel: str) -> str:
    """A new one-use code (60 random bits; rate limits guard it), shown once as ``XXXX-XXXX-XXXX``."""
    code = "".join(secrets.choice(READABLE) for _ in range(_LENGTH))
    session.add(
        ActivationCode(
            code_index=vault.index("activation-code", code),
            resident_id=resident_id,
            channel=channel,
            expires_at=clock.now() + LIFETIMES[channel],
        )
    )
    return "-".join(code[i : i + 4] for i in range(0, _LENGTH, 4))


def parse_code(typed: str) -> str:
    """What a person typed, without hyphens and with O, I and L read as digits."""
    return typed.strip().upper().translate(AMBIGUOUS)
