"""Notices: what departments tell a resident, what my page tells about their cases, and the city's word about the security of the ID."""

from .family import NOTICE
from .security import install_security_notices

__all__ = ["NOTICE", "install_security_notices"]
