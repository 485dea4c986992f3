"""The event types we send (CAEP 1.0, RISC 1.0, SSF 1.0), and which happenings of the record they tell of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...audit import AuditEventType, Recorded
from ...credentials.model import Passkey

SESSION_REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
CREDENTIAL_CHANGE = "https://schemas.openid.net/secevent/caep/event-type/credential-change"
VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"
_RISC = "https://schemas.openid.net/secevent/risc/event-type/"
ACCOUNT_DISABLED, ACCOUNT_ENABLED = f"{_RISC}account-disabled", f"{_RISC}account-enabled"
ACCOUNT_PURGED = f"{_RISC}account-purged"
SUPPORTED = (SESSION_REVOKED, CREDENTIAL_CHANGE, ACCOUNT_DISABLED, ACCOUNT_ENABLED, ACCOUNT_PURGED)
"""What an app can ask for; verification comes unasked (SSF §8.1.4)."""

# CAEP §3.3 has no word of its own for "on hold": to an app it is as good as revoked until it comes back.
_HOLDS = {
    AuditEventType.CREDENTIAL_HELD: ("revoke", "The resident put a credential on hold."),
    AuditEventType.CREDENTIAL_RELEASED: ("update", "A credential is in use again."),
}

_ACCOUNT = {
    AuditEventType.ACCOUNT_SUSPENDED: ACCOUNT_DISABLED,
    AuditEventType.ACCOUNT_REINSTATED: ACCOUNT_ENABLED,
    AuditEventType.ACCOUNT_CLOSED: ACCOUNT_PURGED,
}
# Who set it off (CAEP §2, `initiating_entity`): the `by` of the record. Everything else is the provider's own doing.
_USER = ("resident", "app", "other_resident")
_ADMIN = ("staff", "registrar", "administrator", "command_line")


@dataclass(frozen=True)
class Event:
    """An event before it is anybody's: its type and its members, without a subject."""

    type: str
    members: dict[str, Any]


def event_of(session: Session, happened: Recorded) -> Event | None:
    """The event that tells of what was recorded; None for what no app is told."""
    if happened.event in _ACCOUNT:
        return _account_event(happened)
    if happened.event is AuditEventType.SESSION_ENDED:
        return _event(happened, SESSION_REVOKED, {}, _entity(happened), "The login has ended.")
    # An app that gave its grant back itself (Grant Management) ended no session, and knows.
    if happened.event is AuditEventType.APP_ACCESS_ENDED and happened.facts.get("by") != "app":
        return _event(happened, SESSION_REVOKED, {}, _entity(happened), "The app's access has ended.")
    if happened.event is AuditEventType.PASSKEY_ADDED:
        members = {"credential_type": _kind(session, happened), "change_type": "create"}
        return _event(happened, CREDENTIAL_CHANGE, members, "user", "A passkey was added.")
    if happened.event is AuditEventType.PASSKEY_REMOVED:
        members = {"credential_type": _kind(session, happened), "change_type": "delete"}
        return _event(happened, CREDENTIAL_CHANGE, members, "user", "A passkey was removed.")
    if happened.event in _HOLDS:
        card = happened.facts["kind"] == "card"
        change, reason = _HOLDS[happened.event]
        members = {"credential_type": "x509" if card else _kind(session, happened), "change_type": change}
        return _event(happened, CREDENTIAL_CHANGE, members, "user", reason)
    if happened.event is AuditEventType.CARD_BOUND:
        # Never issuer or serial of the certificate, which CAEP §3.3 would allow: they are the same for every department.
        members = {"credential_type": "x509", "change_type": "create"}
        return _event(happened, CREDENTIAL_CHANGE, members, "user", "A card was registered.")
    return None


def _account_event(happened: Recorded) -> Event:
    """RISC §2.2 to §2.4. Of the two registered reasons for `account-disabled` one can be ours; any other is nobody's business."""
    hijacked = happened.event is AuditEventType.ACCOUNT_SUSPENDED and happened.facts.get("reason") == "hijacking"
    return Event(_ACCOUNT[happened.event], {"reason": "hijacking"} if hijacked else {})


def _event(happened: Recorded, kind: str, members: dict[str, Any], entity: str, reason: str) -> Event:
    common = {
        "event_timestamp": int(happened.at.timestamp()),
        "initiating_entity": entity,
        "reason_admin": {"en": reason},
    }
    return Event(kind, members | common)


def _entity(happened: Recorded) -> str:
    by = str(happened.facts.get("by", ""))
    return "user" if by in _USER else "admin" if by in _ADMIN else "system"


def _kind(session: Session, happened: Recorded) -> str:
    """CAEP §3.3 knows two kinds: held by the phone or computer itself, as the way it is reached says, or carried about."""
    # A query, not `get`: a passkey of this very transaction is flushed first.
    passkey = session.scalars(select(Passkey).where(Passkey.credential_id == str(happened.facts["credential"]))).first()
    if passkey is None:
        return "fido2-platform"
    ways = set(passkey.transports.split())
    built_in = bool(ways & {"internal", "hybrid"}) if ways else passkey.device_type == "multi_device"
    return "fido2-platform" if built_in else "fido2-roaming"
