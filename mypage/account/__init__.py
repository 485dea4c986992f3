"""設定: what the resident decides about their ID: apps with access, devices, passkeys and cards."""

from .credential_pages import bp as credentials
from .pages import bp as settings

BLUEPRINTS = (settings, credentials)

__all__ = ["BLUEPRINTS"]
