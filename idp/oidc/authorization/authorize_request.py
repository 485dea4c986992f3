"""What an authorization request asks (OIDC Core §3.1.2.1), as far as it was checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..claims import ClaimsRequest
from ..client_metadata import is_hybrid
from ..clients import RegisteredClient
from ..resources import consent_items
from .response import RESPONSE_MODES


class AuthorizationError(Exception):
    """Goes to the client's redirect URI: a registered error code and a description for its developer."""

    def __init__(self, request: AuthorizationRequest, error: str, description: str) -> None:
        super().__init__(error)
        self.request = request
        self.error = error
        self.description = description


@dataclass
class AuthorizationRequest:
    """`parameters` is what was sent, for checking again at a resume; the checks fill in the rest, client and redirect URI first."""

    client: RegisteredClient
    redirect_uri: str
    redirect_given: bool
    parameters: dict[str, str]
    scope: str = ""
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    claims: ClaimsRequest = field(default_factory=ClaimsRequest)
    details: str | None = None
    """`authorization_details` (RFC 9396), checked, as canonical JSON."""
    apis: tuple[str, ...] = ()
    """Other departments' APIs among the requested resources (RFC 8707), checked."""
    pushed: bool = False
    signed: bool = False
    """How it came: pushed (RFC 9126), as a signed request object (RFC 9101)."""

    @property
    def state(self) -> str | None:
        return self.parameters.get("state")

    @property
    def response_mode(self) -> str:
        fragment = is_hybrid(self.parameters.get("response_type"))
        default = "fragment" if fragment else "query"  # OAuth 2.0 Multiple Response Types §2.1
        mode = self.parameters.get("response_mode", default)
        return default if mode not in RESPONSE_MODES or (fragment and mode.startswith("query")) else mode

    @property
    def voluntary_acrs(self) -> tuple[str, ...]:
        """Levels asked for without insisting: `acr_values`, the `claims` parameter, or the client's defaults."""
        if given := self.parameters.get("acr_values"):
            return tuple(given.split())[:20]
        return self.claims.voluntary_acr or tuple(self.client.metadata.get("default_acr_values", ()))

    @property
    def consent_items(self) -> str:
        """What a standing consent must cover, space-separated and sorted."""
        rich = consent_items(self.details) if self.details is not None else ()
        return " ".join(
            sorted({*self.scope.split(), *self.claims.consent_items(), *rich, *(f"resource:{a}" for a in self.apis)})
        )

    @property
    def skips_consent(self) -> bool:
        """An app that needs no consent; not for authorization details, which always do."""
        return self.client.skip_consent and self.details is None
