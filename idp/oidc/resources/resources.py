"""Resource indicators (RFC 8707): which audience an access token is for."""

from __future__ import annotations

from ...foundation.settings import Settings
from ..clients import API_SCOPES
from ..errors import OAuth2Error
from ..tokens import api_audience, userinfo_audience


class InvalidTargetError(OAuth2Error):
    """RFC 8707 §2."""

    error = "invalid_target"


def audience_for(settings: Settings, scopes: set[str], resource: str | None) -> list[str]:
    """The audience of a token with these scopes: what `resource` names, else what the scopes are for."""
    known = {api_audience(settings), userinfo_audience(settings)}
    if resource:
        wanted = resource.split()
        if not set(wanted) <= known:
            raise InvalidTargetError("The requested resource is not known here.")
        return wanted
    audience = [userinfo_audience(settings)] if "openid" in scopes else []
    if scopes & set(API_SCOPES):
        audience.append(api_audience(settings))
    return audience or [userinfo_audience(settings)]
