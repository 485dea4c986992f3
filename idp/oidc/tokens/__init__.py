"""What a sign-on gives, made and checked: codes, ID, access and refresh tokens, and reference tokens for departments' APIs."""

from __future__ import annotations

from . import reference_tokens
from .codes import Code, give_code, open_code
from .id_token import make_id_token, read_hint
from .refresh_tokens import RefreshToken, first_refresh_token, read_refresh_token
from .tokens import AccessToken, TokenError, api_audience, check_access_token, make_access_token, userinfo_audience

__all__ = [
    "AccessToken",
    "Code",
    "RefreshToken",
    "TokenError",
    "api_audience",
    "check_access_token",
    "first_refresh_token",
    "give_code",
    "make_access_token",
    "make_id_token",
    "open_code",
    "read_hint",
    "read_refresh_token",
    "reference_tokens",
    "userinfo_audience",
]
