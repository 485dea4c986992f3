"""The record in sentences: one table, from the type of an event to what is said of it.

A sentence may hold `%(app)s`, `%(resident)s` and any fact that the catalogue lists for its type; `log_names.py` says what stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from flask_babel import LazyString, lazy_gettext
from markupsafe import Markup

from ..audit import AuditEvent, AuditEventType
from .log_names import LogNames, Words


@dataclass(frozen=True)
class OfSomebody:
    """Two sentences: the resident is known, or nobody can say who it was."""

    known: LazyString
    unknown: LazyString


Sentence: TypeAlias = "LazyString | OfSomebody"

SENTENCES: dict[AuditEventType, Sentence] = {
    AuditEventType.ACCOUNT_CLOSED: lazy_gettext("The ID of resident %(resident)s was closed: %(reason)s. By: %(by)s."),
    AuditEventType.ACCOUNT_REINSTATED: lazy_gettext(
        "The ID of resident %(resident)s may be used again: %(reason)s. By: %(by)s."
    ),
    AuditEventType.ACCOUNT_SUSPENDED: lazy_gettext(
        "The ID of resident %(resident)s was suspended: %(reason)s. By: %(by)s."
    ),
    AuditEventType.ACTIVATION_CODE_VOIDED: lazy_gettext(
        "An activation code of resident %(resident)s (%(channel)s) no longer counts: too many wrong birth dates."
    ),
    AuditEventType.APP_ACCESS_ENDED: lazy_gettext(
        "The access of the app %(app)s to what is about resident %(resident)s has ended. By: %(by)s."
    ),
    AuditEventType.APPROVAL_ASKED: lazy_gettext("The app %(app)s asked resident %(resident)s to approve a request."),
    AuditEventType.APPROVAL_GIVEN: lazy_gettext("Resident %(resident)s approved a request of the app %(app)s."),
    AuditEventType.APPROVAL_REFUSED: lazy_gettext("Resident %(resident)s refused a request of the app %(app)s."),
    AuditEventType.ASSERTION_USED: lazy_gettext(
        "The app %(app)s got an access token for resident %(resident)s with an assertion (%(scope)s)."
    ),
    AuditEventType.CARD_BOUND: lazy_gettext("Resident %(resident)s can now sign in with %(medium)s."),
    AuditEventType.CARD_REFUSED: OfSomebody(
        lazy_gettext("A My Number card of resident %(resident)s was refused: %(reason)s."),
        lazy_gettext("A My Number card was refused: %(reason)s."),
    ),
    AuditEventType.CLAIM_QUEUED: lazy_gettext("Somebody's claim to an ID waits for the registrar: %(reason)s."),
    AuditEventType.CLAIM_REFUSED: OfSomebody(
        lazy_gettext("A claim to the ID of resident %(resident)s was refused: %(reason)s."),
        lazy_gettext("A claim to an ID was refused: %(reason)s."),
    ),
    AuditEventType.CLIENT_CHANGED: lazy_gettext("The registration of the app %(app)s was changed. By: %(by)s."),
    AuditEventType.CLIENT_ENDED: lazy_gettext("The registration of the app %(app)s was ended. By: %(by)s."),
    AuditEventType.CLIENT_POLICY_SET: lazy_gettext("What the app %(app)s may do was set. By: %(by)s."),
    AuditEventType.CLIENT_REGISTERED: lazy_gettext("The app %(app)s was registered. By: %(by)s."),
    AuditEventType.CLIENT_SECRET_ROTATED: lazy_gettext(
        "The app %(app)s got a new secret; the old one counts for %(overlap_hours)s more hours. By: %(by)s."
    ),
    AuditEventType.CLIENT_SWITCHED: lazy_gettext("The app %(app)s was switched %(active)s. By: %(by)s."),
    AuditEventType.CODE_REUSED: lazy_gettext(
        "A code that the app %(app)s had for resident %(resident)s was used twice, and what it gave was taken back."
    ),
    AuditEventType.CONSENT_DENIED: lazy_gettext("Resident %(resident)s did not agree to share with the app %(app)s."),
    AuditEventType.CONSENT_GIVEN: lazy_gettext(
        "Resident %(resident)s agreed to share with the app %(app)s (%(scope)s)."
    ),
    AuditEventType.CREDENTIAL_HELD: lazy_gettext("Resident %(resident)s stopped %(kind)s."),
    AuditEventType.CREDENTIAL_RELEASED: lazy_gettext("Resident %(resident)s uses %(kind)s again."),
    AuditEventType.DEVICE_ALLOWED: lazy_gettext("Resident %(resident)s let a device use the app %(app)s: %(device)s."),
    AuditEventType.DEVICE_REFUSED: lazy_gettext(
        "Resident %(resident)s did not let a device use the app %(app)s: %(device)s."
    ),
    AuditEventType.EVENT_STREAM_CHANGED: lazy_gettext("The stream of security events to the app %(app)s: %(did)s."),
    AuditEventType.INITIAL_ACCESS_TOKEN_ISSUED: lazy_gettext("A token to register apps was issued."),
    AuditEventType.KEYS_ROTATED: lazy_gettext("A new key for %(alg)s was published."),
    AuditEventType.KEY_WITHDRAWN: lazy_gettext("A key for %(alg)s was withdrawn."),
    AuditEventType.NOT_ME: lazy_gettext("Resident %(resident)s said “this was not me”: %(about)s."),
    AuditEventType.PASSKEY_ADDED: lazy_gettext("Resident %(resident)s added a passkey (%(device_type)s)."),
    AuditEventType.PASSKEY_REFUSED: OfSomebody(
        lazy_gettext("A passkey of resident %(resident)s was refused: %(reason)s."),
        lazy_gettext("A passkey was refused: %(reason)s."),
    ),
    AuditEventType.PASSKEY_REMOVED: lazy_gettext("Resident %(resident)s removed a passkey."),
    AuditEventType.REFRESH_TOKEN_REUSED: lazy_gettext(
        "A refresh token that the app %(app)s had for resident %(resident)s was used twice, and its access was ended."
    ),
    AuditEventType.REGISTER_IMPORTED: lazy_gettext(
        "The register was imported: %(added)s added, %(changed)s changed, %(same)s the same, %(closed)s closed, "
        "%(refused)s lines refused."
    ),
    AuditEventType.RESIDENT_CLAIMED: lazy_gettext("Resident %(resident)s claimed their ID with %(method)s."),
    AuditEventType.RETURN_REFUSED: lazy_gettext(
        "What one browser began came back in another, and was refused: %(purpose)s."
    ),
    AuditEventType.SESSION_ENDED: lazy_gettext("A login of resident %(resident)s has ended. By: %(by)s."),
    AuditEventType.TOKEN_EXCHANGED: lazy_gettext(
        "The app %(app)s exchanged a token of resident %(resident)s for one for %(resource)s (%(scope)s)."
    ),
    AuditEventType.SIGN_IN_REFUSED: lazy_gettext(
        "Resident %(resident)s could not sign in with %(method)s: the ID is %(state)s."
    ),
    AuditEventType.SIGNED_IN: lazy_gettext("Resident %(resident)s signed in with %(method)s."),
    AuditEventType.STAFF_ACTED: lazy_gettext("%(staff)s did this at the desk: %(did)s."),
    AuditEventType.STAFF_APPOINTED: lazy_gettext(
        "%(staff)s was given the role “%(role)s” (%(department)s). By: %(by)s."
    ),
    AuditEventType.STAFF_DISMISSED: lazy_gettext(
        "The role “%(role)s” (%(department)s) of %(staff)s was taken back. By: %(by)s."
    ),
    AuditEventType.STAFF_ENDED: lazy_gettext("%(staff)s was switched off as a member of staff. By: %(by)s."),
    AuditEventType.STAFF_INVITED: lazy_gettext(
        "%(staff)s got a link to make a passkey as a member of staff. By: %(by)s."
    ),
    AuditEventType.STAFF_PASSKEY_ADDED: lazy_gettext("%(staff)s made a passkey as a member of staff."),
    AuditEventType.STAFF_REFUSED: lazy_gettext("A passkey of staff was refused: %(reason)s."),
    AuditEventType.STAFF_SIGNED_IN: lazy_gettext("%(staff)s signed in as a member of staff."),
}
_TYPES = {event.stored: event for event in AuditEventType}


def told(row: AuditEvent, facts: dict[str, str | int | None], names: LogNames) -> Markup:
    """The sentence of one event, in the language of the page; others' words in it are isolated. A type that is no longer in
    the catalogue is said with its code."""
    event = _TYPES.get(row.type)
    if event is None:
        return names.other(row.type)
    sentence = SENTENCES[event]
    if isinstance(sentence, OfSomebody):
        sentence = sentence.known if row.resident_id else sentence.unknown
    return Markup.escape(str(sentence)) % Words(row, facts, names)


def kinds() -> list[tuple[str, str]]:
    """`(stored name, the sentence with … for what differs)`, for the filter, in the order of the words."""

    class Gaps(dict[str, str]):
        def __missing__(self, _name: str) -> str:
            return "…"

    plain = {e: s.unknown if isinstance(s, OfSomebody) else s for e, s in SENTENCES.items()}
    return sorted(((e.stored, str(s) % Gaps()) for e, s in plain.items()), key=lambda pair: pair[1])
