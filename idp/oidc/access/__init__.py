"""What the resident granted, as the resident (`apps_with_access`, permissions) and the apps (grants API) see it; and the plain page
they come home to where nothing stands above the provider (`PLAIN_HOME`).
"""

from __future__ import annotations

from .apps import AppAccess, ClientLabel, apps_with_access, client_labels, resolve_subject
from .install import install
from .plain_home import PLAIN_HOME

__all__ = [
    "PLAIN_HOME",
    "AppAccess",
    "ClientLabel",
    "apps_with_access",
    "client_labels",
    "install",
    "resolve_subject",
]
