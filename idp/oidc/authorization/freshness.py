"""How recent a sign-in a request needs (`prompt`, `max_age`: OIDC Core §3.1.2.1), and what the login may then claim of itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...foundation import clock
from ...foundation.database import to_ms
from ...logins import levels
from ...signin.model import SignInAttempt
from ..storage import LoginFacts

if TYPE_CHECKING:
    from .authorize_request import AuthorizationRequest


def authenticated_since(asked: AuthorizationRequest, attempt: SignInAttempt | None) -> int:
    """How new the login must be, in ms: `prompt` and `max_age` are satisfied by a sign-in made for this attempt."""
    now = clock.epoch_ms()
    begun = to_ms(attempt.created_at) if attempt is not None else now + 1
    since = 0
    if asked.prompt & {"login", "select_account", "create"}:
        since = begun
    max_age = asked.max_age if asked.max_age is not None else asked.client.metadata.get("default_max_age")
    if max_age is not None:
        since = max(since, min(begun, now - int(max_age) * 1000))
    return since


def as_claimed(login: LoginFacts, since: int) -> LoginFacts:
    """The login as an answer that needs a proof since `since` may state it: `authenticated_at` is the time of what makes its level.

    It is before `since` if nothing was proven since.
    """
    return replace(login, authenticated_at=levels.assurance(levels.load_factors(login.factors), since).at)
