"""What a resident granted: consents, an app's part in a login, families of tokens; and the one place where they end (`revoke.py`).

`end_app_access` and `revoke_grants` take away; the others are Grant Management, by which an app looks after a grant itself.
"""

from __future__ import annotations

from .grant_management import GRANT_ACTIONS, check_management, end_managed_grant, is_of_resident, live_grant, settle
from .install import install
from .revoke import LOGOUT_TOPIC, end_app_access, revoke_grants

__all__ = [
    "GRANT_ACTIONS",
    "LOGOUT_TOPIC",
    "check_management",
    "end_app_access",
    "end_managed_grant",
    "install",
    "is_of_resident",
    "live_grant",
    "revoke_grants",
    "settle",
]
