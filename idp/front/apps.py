"""Connected apps: their names, what the resident granted to them, and what waits for an answer."""

from __future__ import annotations

from ..oidc.access import AppAccess, ClientLabel, apps_with_access, client_labels
from ..oidc.decoupled import approvals_waiting
from ..oidc.grants import end_app_access

__all__ = ["AppAccess", "ClientLabel", "approvals_waiting", "apps_with_access", "client_labels", "end_app_access"]
