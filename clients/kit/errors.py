"""What can go wrong between a departmental app and the provider."""

from __future__ import annotations


class MachiError(Exception):
    """Base of everything this kit raises."""


class ConfigurationError(MachiError):
    """A setting is missing or unsafe; raised at start-up, never while serving."""


class ProviderUnavailableError(MachiError):
    """The provider did not answer, or with something that is no answer (network, time-out, 5xx, broken JSON)."""


class ProviderRefusedError(MachiError):
    """The provider answered a direct request with an OAuth error (RFC 6749 §5.2). `code` is its `error` value."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code
        self.description = description


class TokenInvalidError(MachiError):
    """A JWT failed a check. `check` names it (`signature`, `iss`, `aud`, ...); the token itself is never shown."""

    def __init__(self, check: str, detail: str = "") -> None:
        super().__init__(f"{check}: {detail}" if detail else check)
        self.check = check


class SignInError(MachiError):
    """A sign-in could not be finished.

    `code` is one of: `state` (unknown, used or expired attempt), `issuer` (answer of another provider, RFC 9207),
    `cancelled` (the resident said no), `provider` (any other OAuth error), `token` (ID token or userinfo refused),
    `unavailable` (provider not reachable), `request` (malformed or not allowed).
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail

    @property
    def status(self) -> int:
        """The HTTP status a page about this error carries."""
        return {"unavailable": 503, "cancelled": 200}.get(self.code, 400)
