"""Sign-in with the provider: authorization code flow with PKCE (OIDC Core 1.0 §3.1, RFC 7636, RFC 9207)."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from .attempts import AttemptStore
from .config import Settings
from .discovery import Provider
from .errors import ConfigurationError, ProviderRefusedError, ProviderUnavailableError, SignInError, TokenInvalidError
from .idtoken import validate_id_token
from .tokens import ask_token_endpoint

CALLBACK = "/auth/callback"
SIGNED_OUT = "/auth/signed-out"
BACKCHANNEL = "/auth/backchannel-logout"
SECURITY_EVENTS = "/auth/security-events"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A finished sign-in: ID token and userinfo claims together, and where the resident wanted to go."""

    claims: dict[str, Any]
    id_token: str
    return_to: str


class SignIn:
    """The two halves of a sign-in, without any web framework in them."""

    def __init__(self, settings: Settings, provider: Provider, attempts: AttemptStore) -> None:
        self._settings = settings
        self._provider = provider
        self._attempts = attempts
        self.redirect_uri = settings.base_url + CALLBACK

    def begin(self, browser: str, return_to: str, **extra: str | None) -> str:
        """The URL to send the browser to. `extra`: ui_locales, login_hint, prompt, max_age; None is left out."""
        try:
            endpoint = self._provider.endpoint("authorization_endpoint")
        except (ProviderUnavailableError, ConfigurationError) as error:
            raise SignInError("unavailable", str(error)) from error
        attempt = self._attempts.begin(browser, return_to)
        challenge = urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self._settings.scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        for name, value in {"acr_values": self._settings.acr_values, **extra}.items():
            if value:
                query[name] = value
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def complete(self, browser: str, answer: MultiDict[str, str]) -> SignedIn:
        """Check the authorization response and fetch the claims; `SignInError` says what was wrong."""
        reject_duplicates(answer)
        attempt = self._attempts.take(browser, answer.get("state", ""))
        if attempt is None:
            raise SignInError("state")
        self._check_issuer(answer.get("iss"))
        if "error" in answer:
            code = "cancelled" if answer["error"] == "access_denied" else "provider"
            raise SignInError(code, answer["error"][:60])
        if not answer.get("code"):
            raise SignInError("request", "no code")
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": self.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        try:
            tokens = ask_token_endpoint(self._settings, self._provider, form)
            claims = validate_id_token(
                tokens.get("id_token", ""),
                provider=self._provider,
                settings=self._settings,
                nonce=attempt.nonce,
                access_token=tokens["access_token"],
            )
            shared = self._userinfo(tokens["access_token"], claims["sub"])
        except TokenInvalidError as error:
            raise SignInError("token", str(error)) from error
        except ProviderRefusedError as error:
            raise SignInError("provider", error.code) from error
        except (ProviderUnavailableError, ConfigurationError) as error:
            raise SignInError("unavailable", str(error)) from error
        # The signed token wins where both say something.
        return SignedIn({**shared, **claims}, tokens["id_token"], attempt.return_to)

    def _check_issuer(self, issuer: str | None) -> None:
        """RFC 9207 §2.4: an answer of another provider is thrown away before its code is used (mix-up)."""
        try:
            promised = self._provider.metadata().get("authorization_response_iss_parameter_supported", False)
        except (ProviderUnavailableError, ConfigurationError) as error:
            raise SignInError("unavailable", str(error)) from error
        if issuer is None and not promised:
            return
        if issuer is None or not hmac.compare_digest(issuer.encode(), self._settings.issuer.encode()):
            raise SignInError("issuer")

    def _userinfo(self, access_token: str, sub: str) -> dict[str, Any]:
        """The shared claims; they must be about the same `sub` (OIDC Core §5.3.2)."""
        if "userinfo_endpoint" not in self._provider.metadata():
            return {}
        headers = {"Authorization": f"Bearer {access_token}"}
        claims = self._provider.http.get_json(self._provider.endpoint("userinfo_endpoint"), headers)
        if not hmac.compare_digest(str(claims.get("sub", "")).encode(), sub.encode()):
            raise TokenInvalidError("sub", "userinfo is about somebody else")
        return claims

    def logout_url(self, id_token: str, state: str, ui_locales: str | None) -> str | None:
        """Where to send the browser to sign out at the provider too (RP-Initiated Logout 1.0); None if it cannot."""
        try:
            endpoint = self._provider.endpoint("end_session_endpoint")
        except (ProviderUnavailableError, ConfigurationError):
            return None
        query = {
            "id_token_hint": id_token,
            "client_id": self._settings.client_id,
            "post_logout_redirect_uri": self._settings.base_url + SIGNED_OUT,
            "state": state,
            **({"ui_locales": ui_locales} if ui_locales else {}),
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def reject_duplicates(answer: MultiDict[str, str]) -> None:
    """No parameter twice (RFC 6749 §3.1), none longer than any real one."""
    for name, values in answer.lists():
        if len(values) > 1 or len(values[0]) > 4096:
            raise SignInError("request", name[:40])
