"""The token endpoint: codes for tokens, and the app's own access token for reporting."""

from __future__ import annotations

import threading
import time
from typing import Any

from .client_auth import authenticate
from .config import Settings
from .discovery import Provider
from .errors import ProviderRefusedError, ProviderUnavailableError

RENEW_BEFORE = 30


def ask_token_endpoint(settings: Settings, provider: Provider, form: dict[str, str]) -> dict[str, Any]:
    """The token response; an OAuth error (RFC 6749 §5.2) is `ProviderRefusedError`."""
    headers, fields = authenticate(settings)
    answer = provider.http.post_form(provider.endpoint("token_endpoint"), {**form, **fields}, headers)
    if answer.status == 429 or answer.status >= 500:
        raise ProviderUnavailableError(f"token endpoint answered {answer.status}")
    body = answer.json()
    if answer.status != 200:
        raise ProviderRefusedError(str(body.get("error", answer.status)), str(body.get("error_description", "")))
    if not isinstance(body.get("access_token"), str) or str(body.get("token_type", "")).lower() != "bearer":
        raise ProviderUnavailableError("token response without a bearer token")
    return body


class ClientCredentials:
    """Access tokens of the app itself (RFC 6749 §4.4), one per (scope, resource), kept while good."""

    def __init__(self, settings: Settings, provider: Provider) -> None:
        self._settings = settings
        self._provider = provider
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], tuple[str, float]] = {}

    def token(self, scope: str, resource: str) -> str:
        """A token for `resource` (RFC 8707) that is good for at least `RENEW_BEFORE` seconds."""
        with self._lock:
            token, until = self._kept.get((scope, resource), ("", 0.0))
            if time.monotonic() < until:
                return token
            form = {"grant_type": "client_credentials", "scope": scope, "resource": resource}
            body = ask_token_endpoint(self._settings, self._provider, form)
            lifetime = float(body.get("expires_in", 60)) - RENEW_BEFORE
            self._kept[scope, resource] = (body["access_token"], time.monotonic() + lifetime)
            return str(body["access_token"])

    def forget(self) -> None:
        """Drop all kept tokens, after the resource said 401."""
        with self._lock:
            self._kept.clear()
