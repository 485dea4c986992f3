"""What an authorization request asks, checked (OIDC Core §3.1.2.1): an ordered list of checks, each named for what it checks.

Errors before the client and its redirect URI are proven are shown on a page of ours; later ones go to the client.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError

from ..foundation.web.errors import ProblemError
from ..signin.levels import ACR_VALUES
from .claims import ClaimsParameterError, ClaimsRequest, parse_claims_parameter
from .clients import RegisteredClient
from .fapi import reject_unbound_front_channel_token, require_strong_request
from .hybrid import check_hybrid
from .provider import Provider
from .request import ProtocolRequest
from .resource_access import departments_apis, with_api_scopes
from .response import RESPONSE_MODES
from .response_types import is_hybrid
from .rich_authorization import consent_items
from .rich_request import check_rich

PROMPTS = frozenset({"none", "login", "consent", "select_account", "create"})
RESPONSE_TYPES = ("code",)
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


class AuthorizationError(Exception):
    """Goes to the client's redirect URI: a registered error code and a description for its developer."""

    def __init__(self, request: AuthorizationRequest, error: str, description: str) -> None:
        super().__init__(error)
        self.request = request
        self.error = error
        self.description = description


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request whose client and redirect URI are proven. `parameters` is what was sent, for checking again at a resume."""

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


def check_request(op: Provider, parameters: dict[str, str]) -> AuthorizationRequest:
    """Run every check. Raises `ProblemError` (page) or `AuthorizationError` (to the client)."""
    proven = prove_client_and_redirect(op, parameters)
    try:
        grant = _authlib_checks(op, proven.client, parameters)
        request = AuthorizationRequest(
            client=proven.client,
            redirect_uri=proven.redirect_uri,
            redirect_given=proven.redirect_given,
            parameters=parameters,
            scope=with_api_scopes(op, proven.client, parameters, grant.request.scope or ""),
            apis=departments_apis(op.parts.settings, parameters.get("resource")),
            prompt=_check_prompt(parameters),
            max_age=_check_max_age(parameters),
            claims=_check_claims(parameters),
            details=check_rich(op, proven.client, parameters),
        )
        for check in _CHECKS:
            check(request)
    except OAuth2Error as error:
        raise AuthorizationError(proven, error.error, error.description or "") from None
    return request


def prove_client_and_redirect(op: Provider, parameters: dict[str, str]) -> AuthorizationRequest:
    """RFC 6749 §4.1.2.1: with a wrong client or redirect URI nothing is sent anywhere."""
    client = op.clients.get(parameters.get("client_id"))
    if client is None:
        raise ProblemError(
            400, "unknown_client", "The app that sent you here is not known to us. Please tell the department."
        )
    given = parameters.get("redirect_uri")
    redirect_uri = given or client.get_default_redirect_uri()
    if redirect_uri is None or not client.check_redirect_uri(redirect_uri):
        raise ProblemError(
            400,
            "unregistered_redirect_uri",
            "The app asked us to send you to an address it has not registered. For your safety we stop here.",
        )
    return AuthorizationRequest(client, redirect_uri, given is not None, parameters)


def _authlib_checks(op: Provider, client: RegisteredClient, parameters: dict[str, str]) -> Any:
    """Response type, scope and PKCE, by Authlib's code grant and its extensions."""
    if "response_type" not in parameters:
        raise InvalidRequestError("Missing 'response_type' in request.")
    if is_hybrid(parameters["response_type"]):
        return check_hybrid(op, client, parameters)
    if parameters["response_type"] not in RESPONSE_TYPES:
        # Said here: Authlib would repeat the value in its description and stumble over characters that may not stand there.
        raise _oauth_error("unsupported_response_type", "This response_type is not supported.")
    grant = op.server.get_authorization_grant(ProtocolRequest("GET", parameters, {}))
    grant.validate_authorization_request()
    return grant


def reject_registration(request: AuthorizationRequest) -> None:
    """OIDC Core §7.2.1: not supported here, and never ignored silently."""
    if "registration" in request.parameters:
        raise _oauth_error("registration_not_supported", "'registration' is not supported.")


def reject_malformed_dpop_jkt(request: AuthorizationRequest) -> None:
    """RFC 9449 §10: the thumbprint of the key the code will be bound to."""
    jkt = request.parameters.get("dpop_jkt")
    if jkt is not None and not _THUMBPRINT.fullmatch(jkt):
        raise InvalidRequestError("'dpop_jkt' is not a SHA-256 thumbprint.")


def reject_unknown_response_mode(request: AuthorizationRequest) -> None:
    """OAuth 2.0 Multiple Response Types §2.1."""
    if request.parameters.get("response_mode", "query") not in RESPONSE_MODES:
        raise InvalidRequestError("This response_mode is not supported.")


def reject_prompt_none_with_others(request: AuthorizationRequest) -> None:
    """OIDC Core §3.1.2.1."""
    if "none" in request.prompt and len(request.prompt) > 1:
        raise InvalidRequestError("'prompt' none cannot stand with other values.")


def require_openid_scope(request: AuthorizationRequest) -> None:
    """Signing residents in is what this endpoint is for (OIDC Core §3.1.2.1)."""
    if "openid" not in request.scope.split():
        raise _oauth_error("invalid_scope", "The scope must contain openid.")


def reject_unreachable_essential_acr(request: AuthorizationRequest) -> None:
    """OIDC Core §5.5.1.1: an essential acr that can never be reached is an error at once."""
    wanted = request.claims.essential_acr
    if wanted and not set(wanted) & set(ACR_VALUES):
        raise _oauth_error("unmet_authentication_requirements", "None of the essential acr values exists here.")


def reject_front_channel_token_for_departments(request: AuthorizationRequest) -> None:
    """A token for another department's API is given at the token endpoint only (RFC 9700 §2.1.2)."""
    if request.apis and "token" in request.parameters.get("response_type", "").split():
        raise _oauth_error("invalid_target", "Tokens for this resource are given at the token endpoint only.")


_CHECKS = (
    reject_registration,
    reject_front_channel_token_for_departments,
    reject_malformed_dpop_jkt,
    require_strong_request,
    reject_unbound_front_channel_token,
    reject_unknown_response_mode,
    reject_prompt_none_with_others,
    require_openid_scope,
    reject_unreachable_essential_acr,
)


def _check_prompt(parameters: dict[str, str]) -> frozenset[str]:
    prompt = frozenset(parameters.get("prompt", "").split())
    if not prompt <= PROMPTS:
        raise InvalidRequestError("Unknown value in 'prompt'.")
    return prompt


def _check_max_age(parameters: dict[str, str]) -> int | None:
    value = parameters.get("max_age")
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise InvalidRequestError("'max_age' is not a number of seconds.")
    return int(value)


def _check_claims(parameters: dict[str, str]) -> ClaimsRequest:
    try:
        return parse_claims_parameter(parameters.get("claims"))
    except ClaimsParameterError as error:
        raise InvalidRequestError(str(error).replace('"', "")) from None


def _oauth_error(code: str, description: str) -> OAuth2Error:
    return OAuth2Error(description=description, error=code)
