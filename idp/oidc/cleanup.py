"""What the protocol forgets once it is over. Refresh tokens go with their grant: until then a spent one is recognised."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ..credentials.model import Challenge
from ..foundation import clock
from ..foundation.housekeeping import cleans_up
from ..signin.model import SignInAttempt
from .authorization.model import PushedRequest
from .client_auth.model import UsedAssertion, UsedProof
from .grants.model import Grant
from .jose.keys import forget_retired
from .registration.model import InitialAccessToken
from .tokens.model import AuthorizationCode, RevokedToken

# Ended grants are kept a while, because "last used" and a reuse alarm refer to them.
KEEP_GRANTS = timedelta(days=30)
# An old sign-in page still knows the way back to its app.
KEEP_ATTEMPTS = timedelta(days=7)


@cleans_up
def forget_expired(session: Session) -> None:
    """Delete rows that can no longer have any effect."""
    now = clock.now()
    session.execute(delete(AuthorizationCode).where(AuthorizationCode.expires_at < now - timedelta(days=1)))
    session.execute(delete(Challenge).where(Challenge.expires_at < now - timedelta(hours=1)))
    session.execute(delete(SignInAttempt).where(SignInAttempt.expires_at < now - KEEP_ATTEMPTS))
    session.execute(delete(UsedAssertion).where(UsedAssertion.expires_at < now))
    session.execute(delete(UsedProof).where(UsedProof.expires_at < now))
    session.execute(delete(PushedRequest).where(PushedRequest.keep_until < now))
    session.execute(delete(RevokedToken).where(RevokedToken.expires_at < now))
    session.execute(delete(InitialAccessToken).where(InitialAccessToken.expires_at < now - KEEP_GRANTS))


cleans_up(forget_retired)


@cleans_up
def forget_grants(session: Session) -> None:
    """Delete grants that expired a month ago."""
    session.execute(delete(Grant).where(Grant.expires_at < clock.now() - KEEP_GRANTS))
