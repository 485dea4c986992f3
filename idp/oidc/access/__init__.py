"""What the resident granted, as the resident (`apps_with_access`, permissions) and the apps (grants API) see it."""

from __future__ import annotations

from .apps import AppAccess, ClientLabel, apps_with_access, client_labels, resolve_subject, resolve_subjects
from .install import install

__all__ = [
    "AppAccess",
    "ClientLabel",
    "apps_with_access",
    "client_labels",
    "install",
    "resolve_subject",
    "resolve_subjects",
]
