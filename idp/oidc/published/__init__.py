"""What the provider tells everybody: discovery (`document`), keys, signed metadata, WebFinger."""

from __future__ import annotations

from .discovery import document
from .install import install

__all__ = ["document", "install"]
