"""Settings of one departmental app, checked once at start-up."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .errors import ConfigurationError

ALLOWED_ALGORITHMS = frozenset({"ES256", "ES384", "RS256", "PS256", "EdDSA"})
# `~` stands for `/` in names of cookies.
_PATH = re.compile(r"(/(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+)*")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def check_url(name: str, url: str) -> str:
    """Return `url` without a trailing slash; https is required except on this machine's own loopback."""
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in {"https", "http"} or parts.query or parts.fragment:
        raise ConfigurationError(f"{name} must be an absolute http(s) URL without query or fragment")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ConfigurationError(f"{name} must be https (http is for localhost only)")
    return url.rstrip("/")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the kit needs to know. Times are seconds.

    Exactly one of `client_secret` (client_secret_basic) and `private_key` (PEM, private_key_jwt, RFC 7523) is given.
    """

    issuer: str
    """The provider's issuer, exactly as its discovery document says."""
    client_id: str
    base_url: str
    """Own address, as the browser sees it, with its path if any; redirect URIs come from it, never from the request's Host header."""
    database: str
    """Path of the app's SQLite file; the kit's tables in it begin with `kit_`."""
    client_secret: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    private_key_id: str | None = None
    private_key_algorithm: str = "ES256"
    name: str = "app"
    """Prefix of cookie names; apps that share a host (ports do not separate cookies) need different ones, unless their paths differ."""
    scope: str = "openid profile address"
    event_source: str | None = None
    """The registered `event_source` URI; needed for reporting only."""
    report_scope: str = "case:write notice:write task:write"
    id_token_algorithms: tuple[str, ...] = ("ES256", "RS256")
    acr_values: str | None = None
    session_idle: int = 30 * 60
    session_absolute: int = 8 * 60 * 60
    leeway: int = 30
    """Tolerated difference of clocks."""

    def __post_init__(self) -> None:
        # An issuer is compared character by character (OIDC Core §2), so it is checked but never rewritten.
        check_url("issuer", self.issuer)
        object.__setattr__(self, "base_url", check_url("base_url", self.base_url))
        if not _PATH.fullmatch(self.path):
            raise ConfigurationError("the path of base_url may hold only letters, digits and . _ - between slashes")
        if not self.client_id:
            raise ConfigurationError("client_id is missing")
        if bool(self.client_secret) == bool(self.private_key):
            raise ConfigurationError("give client_secret or private_key, one of them")
        if not self.id_token_algorithms or not set(self.id_token_algorithms) <= ALLOWED_ALGORITHMS:
            raise ConfigurationError(f"id_token_algorithms must be among {sorted(ALLOWED_ALGORITHMS)}")
        if "openid" not in self.scope.split():
            raise ConfigurationError("scope must contain openid")
        if not self.name.isidentifier():
            raise ConfigurationError("name must be letters, digits and underscores")

    @property
    def path(self) -> str:
        """The path of `base_url` without a slash at its end; "" for an app that has its host to itself."""
        return urlsplit(self.base_url).path

    @property
    def home(self) -> str:
        """The path of the app's first page."""
        return self.path + "/"

    @property
    def secure(self) -> bool:
        """Whether the app is served over https, so that cookies can carry Secure and the `__Host-` prefix."""
        return self.base_url.startswith("https://")

    def cookie(self, kind: str) -> str:
        """The name of one of the app's cookies. They are for the whole host, so an app below a path has names of its own."""
        return f"{'__Host-' if self.secure else ''}{self.name}_{kind}{self.path.replace('/', '~')}"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **over: Any) -> Settings:
        """Read the environment.

        ISSUER, CLIENT_ID, CLIENT_SECRET or PRIVATE_KEY_FILE (+ PRIVATE_KEY_ID, PRIVATE_KEY_ALGORITHM), BASE_URL,
        DATABASE, EVENT_SOURCE, ACR_VALUES.
        Keyword arguments win over the environment.
        """
        env = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        for key in ("issuer", "client_id", "base_url", "database"):
            value = over.pop(key, None) or env.get(key.upper())
            if not value:
                raise ConfigurationError(f"{key.upper()} is not set")
            values[key] = value
        for key in ("client_secret", "private_key_id", "private_key_algorithm", "event_source", "acr_values"):
            if env.get(key.upper()):
                values[key] = env[key.upper()]
        if env.get("PRIVATE_KEY_FILE"):
            with open(env["PRIVATE_KEY_FILE"], encoding="ascii") as pem:
                values["private_key"] = pem.read()
        return cls(**{**values, **over})
