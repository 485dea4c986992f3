"""The checks of the login that an authorization request meets, in order (OIDC Core §3.1.2.3, §3.1.2.4).

They look at what one look-up brought. Only those whose parameter was sent look anything up themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ...logins import levels
from ...signin.model import SignInAttempt
from ..flows import Check, Table
from ..grants import is_of_resident
from ..server import Provider
from ..storage import LoginFacts
from ..tokens import TokenError, read_hint
from .authorize_request import AuthorizationError, AuthorizationRequest
from .step_up import levels_of, should_step_up


class Missing(Enum):
    """What is missing before the app can be answered: the error where no page may be shown, and the page otherwise."""

    LOGIN = ("login_required", "signin.start", False)
    FACTOR = ("login_required", "signin.start", True)
    """A login is there, and a further factor can raise it: a new attempt, since what was done for this one was not enough."""
    CONSENT = ("consent_required", "consent.show", False)

    def __init__(self, error: str, page: str, anew: bool) -> None:
        self.error = error
        self.page = page
        self.anew = anew


@dataclass(frozen=True)
class Situation:
    """An authorization request and the login it meets. `agreed`: the resident has just answered the consent page with yes."""

    asked: AuthorizationRequest
    login_facts: LoginFacts | None
    since: int
    """How new the login must be, in ms."""
    attempt: SignInAttempt | None
    agreed: bool = False

    @property
    def login(self) -> LoginFacts:
        """The standing, for checks after `require_login`."""
        if self.login_facts is None:
            raise LookupError("there is no login")
        return self.login_facts


def require_login(_op: Provider, now: Situation) -> Missing | None:
    """A resident is signed in in this browser."""
    return Missing.LOGIN if now.login_facts is None else None


def require_fresh_login(_op: Provider, now: Situation) -> Missing | None:
    """The login is as new as max_age or prompt asks; a sign-in made for this attempt is."""
    return Missing.LOGIN if now.login.authenticated_at < now.since else None


def offer_step_up(op: Provider, now: Situation) -> Missing | None:
    """A level asked for that a further factor of the resident reaches is offered: always if essential, once if voluntary."""
    if "none" in now.asked.prompt:
        return None
    return Missing.FACTOR if should_step_up(op, now.asked, now.login, now.attempt) else None


def require_essential_acr(_op: Provider, now: Situation) -> None:
    """An essential acr is met or the request fails; it is never claimed without the facts."""
    wanted = now.asked.claims.essential_acr
    if wanted and not any(levels.reaches(levels_of(now.login), value) for value in wanted):
        raise AuthorizationError(
            now.asked, "unmet_authentication_requirements", "The login does not reach the essential acr."
        )


def require_same_subject(op: Provider, now: Situation) -> None:
    """id_token_hint and a requested sub name the person expected; another one is not sent instead."""
    expected = now.asked.claims.subject
    if hint := now.asked.parameters.get("id_token_hint"):
        try:
            expected = str(read_hint(op, hint)["sub"])
        except TokenError:
            raise AuthorizationError(now.asked, "invalid_request", "The id_token_hint is not one of ours.") from None
    if expected is not None and expected != now.login.sub:
        raise AuthorizationError(now.asked, "login_required", "Another resident is signed in.")


def require_own_grant(op: Provider, now: Situation) -> None:
    """The managed grant that is to be changed is this resident's."""
    managed_id = now.asked.parameters.get("grant_id")
    if managed_id is not None and not is_of_resident(op, managed_id, now.login.resident_id):
        raise AuthorizationError(now.asked, "invalid_grant_id", "The grant is not known.")


def require_consent(_op: Provider, now: Situation) -> Missing | None:
    """What is shared was agreed to: asked again only for more than what stands, or when the app wants it asked."""
    if "consent" in now.asked.prompt:
        return None if now.agreed else Missing.CONSENT
    return None if now.asked.skips_consent or covers(now.login, now.asked) else Missing.CONSENT


def covers(login: LoginFacts, asked: AuthorizationRequest) -> bool:
    """Whether the standing consent holds everything this request would share."""
    return login.consented is not None and set(asked.consent_items.split()) <= set(login.consented.split())


_SIGN_IN = "sign-in page; login_required under prompt none"
CHECKS: Table[Situation, Missing] = Table(
    "The login it meets",
    (
        Check(require_login, "OIDC Core §3.1.2.3", _SIGN_IN),
        Check(require_fresh_login, "OIDC Core §3.1.2.1 (prompt, max_age)", _SIGN_IN),
        Check(offer_step_up, "OIDC Core §5.5.1.1; RFC 9470 §5", "sign-in page, a further factor"),
        Check(require_essential_acr, "OIDC Core §5.5.1.1", "unmet_authentication_requirements"),
        Check(require_same_subject, "OIDC Core §3.1.2.2, §5.5.1", "login_required, invalid_request"),
        Check(require_own_grant, "Grant Management §5", "invalid_grant_id"),
        Check(require_consent, "OIDC Core §3.1.2.4", "consent page; consent_required under prompt none"),
    ),
)
