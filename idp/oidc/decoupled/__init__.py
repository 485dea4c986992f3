"""Asked on one device, answered on another: device flow (RFC 8628), CIBA, and the resident's word (`approvals_waiting`)."""

from __future__ import annotations

from .approvals import approvals_waiting
from .install import install

__all__ = ["approvals_waiting", "install"]
