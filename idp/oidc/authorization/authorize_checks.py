"""The checks of an authorization request, in order (OIDC Core §3.1.2.1). What they find they write into the request.

Errors before the client and its redirect URI are proven are shown on a page of ours; later ones go to the client.
"""

from __future__ import annotations

import re

from ...foundation.web.errors import ProblemError
from ...logins import levels
from ..claims import ClaimsParameterError, parse_claims_parameter
from ..client_metadata import MAX_SECONDS, UNSUPPORTED_RESPONSE_TYPES, is_hybrid
from ..clients import ADDRESS_COMPARISON, NOBODY
from ..errors import InvalidRequestError, OAuth2Error
from ..flows import Check, Table
from ..resources import check_rich, departments_apis, with_api_scopes
from ..server import ProtocolRequest, Provider
from .authorize_request import AuthorizationError, AuthorizationRequest
from .fapi_checks import reject_unbound_front_channel_token, require_strong_request
from .hybrid import reject_tokens_in_query, require_nonce
from .response import RESPONSE_MODES

PROMPTS = frozenset({"none", "login", "consent", "select_account", "create"})
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


def check_request(op: Provider, parameters: dict[str, str]) -> AuthorizationRequest:
    """Run every check. Raises `ProblemError` (page) or `AuthorizationError` (to the client)."""
    asked = AuthorizationRequest(NOBODY, "", False, parameters)
    try:
        CHECKS.run(op, asked)
    except OAuth2Error as error:
        raise AuthorizationError(asked, error.error, error.description or "") from None
    return asked


def prove_client_and_redirect(op: Provider, parameters: dict[str, str]) -> AuthorizationRequest:
    """RFC 6749 §4.1.2.1: with a wrong client or redirect URI nothing is sent anywhere. Raises `ProblemError`."""
    asked = AuthorizationRequest(NOBODY, "", False, parameters)
    PROOFS.run(op, asked)
    return asked


def require_known_client(op: Provider, asked: AuthorizationRequest) -> None:
    """The client is registered and switched on."""
    client = op.clients.get(asked.parameters.get("client_id"))
    if client is None:
        raise ProblemError(
            400, "unknown_client", "The app that sent you here is not known to us. Please tell the department."
        )
    asked.client = client


def require_registered_redirect_uri(_op: Provider, asked: AuthorizationRequest) -> None:
    """The redirect URI is exactly one that the client registered, or its only one."""
    given = asked.parameters.get("redirect_uri")
    redirect_uri = given or asked.client.get_default_redirect_uri()
    if redirect_uri is None or not asked.client.check_redirect_uri(redirect_uri):
        raise ProblemError(
            400,
            "unregistered_redirect_uri",
            "The app asked us to send you to an address it has not registered. For your safety we stop here.",
            developer=ADDRESS_COMPARISON,
        )
    asked.redirect_uri, asked.redirect_given = redirect_uri, given is not None


def require_known_response_type(op: Provider, asked: AuthorizationRequest) -> None:
    """The response type is there and one of ours; hybrid and implicit ones where the operator switched them on."""
    wanted = asked.parameters.get("response_type")
    if wanted is None:
        raise InvalidRequestError("Missing 'response_type' in request.")
    if wanted != "code" and not (op.parts.settings.hybrid_flows and is_hybrid(wanted)):
        # Said here: Authlib would repeat the value in its description and stumble over characters that may not stand there.
        raise _oauth_error("unsupported_response_type", UNSUPPORTED_RESPONSE_TYPES)


def require_registered_flow(op: Provider, asked: AuthorizationRequest) -> None:
    """The client registered this response type and scope, and sends a PKCE challenge (by Authlib's flows and its extension)."""
    grant = op.server.get_authorization_grant(ProtocolRequest("GET", asked.parameters, {}))
    grant.validate_authorization_request()
    asked.scope = grant.request.scope or ""


def require_allowed_resources(op: Provider, asked: AuthorizationRequest) -> None:
    """The client may ask for the departments' APIs that are named, and for scopes there."""
    if "resource" in asked.parameters:
        asked.scope = with_api_scopes(op, asked.client, asked.parameters, asked.scope)
        asked.apis = departments_apis(op.parts.settings, asked.parameters["resource"])


def require_known_prompt(_op: Provider, asked: AuthorizationRequest) -> None:
    """Every value of prompt is known."""
    asked.prompt = frozenset(asked.parameters.get("prompt", "").split())
    if not asked.prompt <= PROMPTS:
        raise InvalidRequestError("Unknown value in 'prompt'.")


def require_readable_max_age(_op: Provider, asked: AuthorizationRequest) -> None:
    """max_age is a number of seconds."""
    value = asked.parameters.get("max_age")
    if value is None:
        return
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise InvalidRequestError("'max_age' is not a number of seconds.")
    asked.max_age = min(int(value), MAX_SECONDS)  # longer than any login lives


def require_readable_claims(_op: Provider, asked: AuthorizationRequest) -> None:
    """The claims parameter has the shape it must have."""
    try:
        asked.claims = parse_claims_parameter(asked.parameters.get("claims"))
    except ClaimsParameterError as error:
        raise InvalidRequestError(str(error).replace('"', "")) from None


def require_allowed_details(op: Provider, asked: AuthorizationRequest) -> None:
    """Authorization details are of types and shapes registered for the client; a managed grant is its own."""
    asked.details = check_rich(op, asked.client, asked.parameters)


def reject_registration(_op: Provider, asked: AuthorizationRequest) -> None:
    """The registration parameter is not supported here, and never ignored silently."""
    if "registration" in asked.parameters:
        raise _oauth_error("registration_not_supported", "'registration' is not supported.")


def reject_malformed_dpop_jkt(_op: Provider, asked: AuthorizationRequest) -> None:
    """dpop_jkt, the key the code will be bound to, is a SHA-256 thumbprint."""
    jkt = asked.parameters.get("dpop_jkt")
    if jkt is not None and not _THUMBPRINT.fullmatch(jkt):
        raise InvalidRequestError("'dpop_jkt' is not a SHA-256 thumbprint.")


def reject_unknown_response_mode(_op: Provider, asked: AuthorizationRequest) -> None:
    """The response mode is one of ours."""
    if asked.parameters.get("response_mode", "query") not in RESPONSE_MODES:
        raise InvalidRequestError("This response_mode is not offered here. Use 'query' or 'form_post'.")


def reject_prompt_none_with_others(_op: Provider, asked: AuthorizationRequest) -> None:
    """prompt none stands alone."""
    if "none" in asked.prompt and len(asked.prompt) > 1:
        raise InvalidRequestError("'prompt' none cannot stand with other values.")


def require_openid_scope(_op: Provider, asked: AuthorizationRequest) -> None:
    """The scope holds openid: signing residents in is what this endpoint is for."""
    if "openid" not in asked.scope.split():
        raise _oauth_error("invalid_scope", "The scope must contain openid.")


def reject_unreachable_essential_acr(_op: Provider, asked: AuthorizationRequest) -> None:
    """An essential acr that can never be reached is an error at once."""
    wanted = asked.claims.essential_acr
    if wanted and not set(wanted) & set(levels.ACR_VALUES):
        raise _oauth_error("unmet_authentication_requirements", "None of the essential acr values exists here.")


def reject_front_channel_token_for_departments(_op: Provider, asked: AuthorizationRequest) -> None:
    """A token for another department's API is given at the token endpoint only."""
    if asked.apis and "token" in asked.parameters.get("response_type", "").split():
        raise _oauth_error("invalid_target", "Tokens for this resource are given at the token endpoint only.")


_PAGE = "page"
PROOFS: Table[AuthorizationRequest, None] = Table(
    "Whom an answer may be sent to",
    (
        Check(require_known_client, "RFC 6749 §4.1.2.1", f"{_PAGE}: unknown_client"),
        Check(
            require_registered_redirect_uri,
            "RFC 6749 §3.1.2.3, §4.1.2.1; RFC 8252 §7.3; RFC 9700 §4.1.3",
            f"{_PAGE}: unregistered_redirect_uri",
        ),
    ),
)
CHECKS: Table[AuthorizationRequest, None] = Table(
    "What is asked, plain or as it came out of a request object (also at the PAR endpoint, and again when a sign-in goes on)",
    (
        *PROOFS,
        Check(require_known_response_type, "RFC 6749 §3.1.1", "invalid_request, unsupported_response_type"),
        Check(
            require_registered_flow,
            "RFC 6749 §3.3, §4.1.1; RFC 7636 §4.3, §4.4.1; OIDC Core §3.2.2.1, §3.3.2.1",
            "unauthorized_client, invalid_scope, invalid_request",
        ),
        Check(require_nonce, "OIDC Core §3.2.2.1, §3.3.2.11", "invalid_request"),
        Check(reject_tokens_in_query, "OAuth 2.0 Multiple Response Types §3, §5", "invalid_request"),
        Check(require_allowed_resources, "RFC 8707 §2.1", "invalid_target, invalid_scope"),
        Check(require_known_prompt, "OIDC Core §3.1.2.1", "invalid_request"),
        Check(require_readable_max_age, "OIDC Core §3.1.2.1", "invalid_request"),
        Check(require_readable_claims, "OIDC Core §5.5", "invalid_request"),
        Check(
            require_allowed_details,
            "RFC 9396 §5; Grant Management §5",
            "invalid_authorization_details, invalid_grant_id, invalid_request",
        ),
        Check(reject_registration, "OIDC Core §7.2.1", "registration_not_supported"),
        Check(reject_front_channel_token_for_departments, "RFC 9700 §2.1.2", "invalid_target"),
        Check(reject_malformed_dpop_jkt, "RFC 9449 §10", "invalid_request"),
        Check(require_strong_request, "FAPI 2.0 Security Profile §5.3.2.2", "invalid_request"),
        Check(reject_unbound_front_channel_token, "RFC 9449 §5; RFC 8705 §3", "unauthorized_client"),
        Check(reject_unknown_response_mode, "OAuth 2.0 Multiple Response Types §2.1", "invalid_request"),
        Check(reject_prompt_none_with_others, "OIDC Core §3.1.2.1", "invalid_request"),
        Check(require_openid_scope, "OIDC Core §3.1.2.1", "invalid_scope"),
        Check(reject_unreachable_essential_acr, "OIDC Core §5.5.1.1", "unmet_authentication_requirements"),
    ),
)


def _oauth_error(code: str, description: str) -> OAuth2Error:
    return OAuth2Error(description=description, error=code)
