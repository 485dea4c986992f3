"""The city's own word about the security of a resident's ID, in the transaction of what happened.

Not told: what happens in the very first sign-in, for the welcome page has just said it, and a notice that only repeats teaches people
to pass over those that matter; a code used twice, which is a browser's back button far more often than a thief, and is harmless once
its tokens are revoked; a credential back in use, which only a fresh sign-in of the resident does.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from idp.front.apps import client_labels
from idp.front.credentials import find_credential
from idp.front.logins import part_of_first_sign_in
from idp.front.record import AuditEventType, Recorded, on_record
from idp.front.storage import wake_worker_after_commit

from ..families import UnitOfWork, families
from ..text import searchable
from .post import new_notice, post_notice
from .security_words import security_body, security_title

TEMPLATE_OF = {
    AuditEventType.REFRESH_TOKEN_REUSED: "refresh_reused",
    AuditEventType.PASSKEY_ADDED: "passkey_added",
    AuditEventType.PASSKEY_REMOVED: "passkey_removed",
    AuditEventType.CARD_BOUND: "card_bound",
    AuditEventType.CREDENTIAL_HELD: "credential_held",
    AuditEventType.DEVICE_ALLOWED: "device_connected",
}
# Each may be the work of a thief; a hold is the resident's own answer to one, and a device is mostly the one at the counter.
_IMPORTANCE = {"credential_held": "normal", "device_connected": "normal"}
_BEFORE_ALL = f"{0:020d}"


def install_security_notices() -> None:
    on_record(tell_resident)


def tell_resident(session: Session, happened: Recorded) -> None:
    """Listener of the record."""
    template = TEMPLATE_OF.get(happened.event)
    if template is None or happened.resident_id is None or part_of_first_sign_in(session, happened):
        return
    params = _params(session, happened)
    unit = UnitOfWork(session, None, families())
    notice = new_notice(
        unit,
        happened.resident_id,
        sequence=_BEFORE_ALL,
        kind="information",
        importance=_IMPORTANCE.get(template, "high"),
        template=template,
        params=params,
        words=searchable([security_title(template, params), security_body(template, params)]),
        published_at=happened.at,
        recorded_at=happened.at,
    )
    post_notice(unit, notice)
    unit.write()
    wake_worker_after_commit(session)


def _params(session: Session, happened: Recorded) -> dict[str, Any]:
    """`app` (name by language) and `client_id`, or `credential` (its id), `kind` and `label`. Never a serial, nothing of the person."""
    if happened.client_id is not None:
        label = client_labels(session, [happened.client_id]).get(happened.client_id)
        return {"client_id": happened.client_id, "app": dict(label.name) if label else {"ja": happened.client_id}}
    if happened.event is AuditEventType.CARD_BOUND:
        return {"credential": happened.facts.get("credential"), "kind": "card", "label": happened.facts["medium"]}
    credential_id = str(happened.facts["credential"])
    found = find_credential(session, str(happened.resident_id), credential_id)
    if found is None:
        return {"credential": credential_id, "kind": "passkey", "label": ""}
    return {"credential": credential_id, "kind": found.kind, "label": found.label}
