"""Signing in: attempts, the pages of each way in, leaving for another site, and the way back to the app.

`attempts` are rows that outlive the pages; `sign_in_again` and `renew_login` send a signed-in resident through the pages once more.
"""

from __future__ import annotations

from . import attempts
from .first import part_of_first_sign_in
from .install import install
from .pages import renew_login, sign_in_again

__all__ = [
    "attempts",
    "install",
    "part_of_first_sign_in",
    "renew_login",
    "sign_in_again",
]
