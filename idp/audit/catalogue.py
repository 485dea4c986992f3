"""The one list of events. Each names the facts it may carry; none of them can hold a personal attribute or a secret."""

from __future__ import annotations

from enum import Enum


class AuditEventType(Enum):
    """`(stored name, allowed facts)`, sorted by name."""

    ACCOUNT_CLOSED = ("account_closed", ("reason", "by"))
    ACCOUNT_REINSTATED = ("account_reinstated", ("reason", "by"))
    ACCOUNT_SUSPENDED = ("account_suspended", ("reason", "by"))
    ACTIVATION_CODE_VOIDED = ("activation_code_voided", ("channel",))
    APP_ACCESS_ENDED = ("app_access_ended", ("by",))
    APPROVAL_ASKED = ("approval_asked", ())
    APPROVAL_GIVEN = ("approval_given", ())
    APPROVAL_REFUSED = ("approval_refused", ())
    ASSERTION_USED = ("assertion_used", ("scope",))
    CARD_BOUND = ("card_bound", ("ceremony", "credential", "medium"))
    CARD_REFUSED = ("card_refused", ("reason",))
    CLAIM_QUEUED = ("claim_queued", ("reason",))
    CLAIM_REFUSED = ("claim_refused", ("reason",))
    CLIENT_CHANGED = ("client_changed", ("by",))
    CLIENT_ENDED = ("client_ended", ("by",))
    CLIENT_POLICY_SET = ("client_policy_set", ("by",))
    CLIENT_REGISTERED = ("client_registered", ("by",))
    CLIENT_SECRET_ROTATED = ("client_secret_rotated", ("by", "overlap_hours"))
    CLIENT_SWITCHED = ("client_switched", ("by", "active"))
    CODE_REUSED = ("code_reused", ())
    CONSENT_DENIED = ("consent_denied", ())
    CONSENT_GIVEN = ("consent_given", ("scope",))
    CREDENTIAL_HELD = ("credential_held", ("credential", "kind"))
    CREDENTIAL_RELEASED = ("credential_released", ("credential", "kind"))
    DEVICE_ALLOWED = ("device_allowed", ("device",))
    DEVICE_REFUSED = ("device_refused", ("device",))
    EVENT_STREAM_CHANGED = ("event_stream_changed", ("did",))
    INITIAL_ACCESS_TOKEN_ISSUED = ("initial_access_token_issued", ())
    KEYS_ROTATED = ("keys_rotated", ("alg",))
    KEY_WITHDRAWN = ("key_withdrawn", ("alg",))
    NOT_ME = ("not_me", ("about",))
    PASSKEY_ADDED = ("passkey_added", ("credential", "device_type"))
    PASSKEY_REFUSED = ("passkey_refused", ("reason",))
    PASSKEY_REMOVED = ("passkey_removed", ("credential",))
    REFRESH_TOKEN_REUSED = ("refresh_token_reused", ())
    REGISTER_IMPORTED = ("register_imported", ("added", "changed", "same", "closed", "refused"))
    RESIDENT_CLAIMED = ("resident_claimed", ("ceremony", "method"))
    RETURN_REFUSED = ("return_refused", ("purpose",))
    SESSION_ENDED = ("session_ended", ("login", "by"))
    TOKEN_EXCHANGED = ("token_exchanged", ("resource", "scope"))
    SIGN_IN_REFUSED = ("sign_in_refused", ("method", "state"))
    SIGNED_IN = ("signed_in", ("login", "method", "aal"))
    STAFF_ACTED = ("staff_acted", ("staff", "did"))
    STAFF_APPOINTED = ("staff_appointed", ("staff", "role", "department", "by"))
    STAFF_DISMISSED = ("staff_dismissed", ("staff", "role", "department", "by"))
    STAFF_ENDED = ("staff_ended", ("staff", "by"))
    STAFF_INVITED = ("staff_invited", ("staff", "by"))
    STAFF_PASSKEY_ADDED = ("staff_passkey_added", ("staff",))
    STAFF_REFUSED = ("staff_refused", ("reason",))
    STAFF_SIGNED_IN = ("staff_signed_in", ("staff",))

    @property
    def stored(self) -> str:
        return str(self.value[0])

    @property
    def facts(self) -> tuple[str, ...]:
        return tuple(self.value[1])
