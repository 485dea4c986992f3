"""Stepping up (OIDC Core §5.5.1.1, RFC 9470): a level that a further factor of this resident could reach leads to the sign-in page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext
from sqlalchemy import select

from ...credentials.model import Card, CredentialState, Passkey
from ...foundation.database import to_ms
from ...logins import Login, current_login_or_none, levels
from ...residents import identity_level
from ...signin.model import SignInAttempt
from ..server import Provider
from ..storage import LoginFacts
from .freshness import authenticated_since

if TYPE_CHECKING:
    from .authorize_request import AuthorizationRequest


def levels_of(login: LoginFacts) -> tuple[int, int]:
    """`(identity, authentication)` of a login that go with its time, from recorded facts."""
    proven = levels.assurance(levels.load_factors(login.factors), login.authenticated_at)
    return identity_level(login.proofing.split()), proven.level


def should_step_up(op: Provider, asked: AuthorizationRequest, login: LoginFacts, attempt: SignInAttempt | None) -> bool:
    """Whether to ask for a further factor: always for an essential `acr` it can reach, once for a voluntary one."""
    essential, voluntary = asked.claims.essential_acr, asked.voluntary_acrs
    if not essential and not voluntary:
        return False
    have = levels_of(login)
    if essential and not _met(have, essential):
        return _within_reach(op, login.resident_id, have, essential)
    tried = attempt is not None and levels.newest(levels.load_factors(login.factors)) >= to_ms(attempt.created_at)
    if not voluntary or tried or _met(have, voluntary):
        return False
    return _within_reach(op, login.resident_id, have, voluntary)


def explanation(asked: AuthorizationRequest, attempt: SignInAttempt) -> str | None:
    """What the sign-in page says above the ways to sign in, if this request needs a word."""
    login = current_login_or_none()
    wanted = asked.claims.essential_acr or asked.voluntary_acrs
    if login is not None and wanted and not _met((login.ial, _proven_for(asked, attempt, login)), wanted):
        return str(
            gettext("This app needs a stronger proof of who you are. Please use your passkey or your My Number Card.")
        )
    if "create" in asked.prompt:
        return str(gettext("New here? Begin with your My Number Card or with the activation code from the city."))
    return None


def _proven_for(asked: AuthorizationRequest, attempt: SignInAttempt, login: Login) -> int:
    """The level of what may count for this request; 0 if all of it is too old."""
    return levels.authentication_level(levels.done_since(login.factors, authenticated_since(asked, attempt)))


def _met(have: tuple[int, int], wanted: tuple[str, ...]) -> bool:
    return any(levels.reaches(have, value) for value in wanted)


def _within_reach(op: Provider, resident_id: str, have: tuple[int, int], wanted: tuple[str, ...]) -> bool:
    """Signing in raises the authentication level only; who somebody is was proven before."""
    pairs = [pair for value in wanted if (pair := levels.parse_acr(value)) is not None and pair[0] <= have[0]]
    if not pairs:
        return False
    best = _best_factor(op, resident_id)
    return any(aal <= best for _, aal in pairs)


def _best_factor(op: Provider, resident_id: str) -> int:
    active = CredentialState.ACTIVE.value
    with op.parts.database.read() as session:
        passkeys = session.execute(
            select(Passkey.attested, Passkey.device_type).where(
                Passkey.resident_id == resident_id, Passkey.state == active
            )
        ).all()
        card = session.scalar(select(Card.credential_id).where(Card.resident_id == resident_id, Card.state == active))
    # As `levels.factor_level`: an attested passkey that stays on its device reaches 3, any other and a card 2.
    if any(row.attested and row.device_type == "single_device" for row in passkeys):
        return 3
    return 2 if passkeys or (card is not None and op.parts.settings.card_reader_url) else 1
