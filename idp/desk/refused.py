"""What apps were refused lately, for the desk: a sentence for each kind of error, and the provider's own reason for the developer."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import LazyString, lazy_gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..foundation import clock
from ..foundation.refusals import MORE, RefusedRequests

LATELY = timedelta(days=1)
SHOWN = 20
_OTHER = lazy_gettext("The request was refused.")
SENTENCES: dict[str, LazyString] = {
    "invalid_client": lazy_gettext("The app could not prove who it is."),
    "unauthorized_client": lazy_gettext("The app used a way of asking that it has not registered."),
    "invalid_grant": lazy_gettext("The code or token the app sent is wrong, used or too old."),
    "invalid_request": lazy_gettext("The request is not formed as it must be."),
    "invalid_scope": lazy_gettext("The app asked for a permission it does not have."),
    "invalid_token": lazy_gettext("The access token is wrong, revoked or too old."),
    "no_token": lazy_gettext("The app sent no access token."),
    "insufficient_scope": lazy_gettext("The access token does not allow this."),
    "insufficient_user_authentication": lazy_gettext("The sign-in was too weak or too long ago for this."),
    "invalid_dpop_proof": lazy_gettext("The proof of the app's key is wrong."),
    "invalid_redirect_uri": lazy_gettext("The registration names an address that cannot be used."),
    "invalid_client_metadata": lazy_gettext("The registration holds a value that cannot be used."),
    "unregistered_redirect_uri": lazy_gettext("The app wanted people sent to an address it has not registered."),
    "temporarily_unavailable": lazy_gettext("The app asked too often, or at a moment when nothing could be answered."),
    "too_many_requests": lazy_gettext("The app asked too often."),
    "unknown_user_id": lazy_gettext("The app asked for a resident it cannot ask for."),
    "unsupported_grant_type": lazy_gettext("The app used a kind of request that does not exist here."),
    "unsupported_response_type": lazy_gettext("The app asked for a kind of answer that does not exist here."),
    MORE: lazy_gettext("Many more kinds of refused requests in this hour; they are in the server's log only."),
}


def sentence(error: str) -> LazyString:
    return SENTENCES.get(error, _OTHER)


def refused_lately(session: Session, client_id: str) -> list[RefusedRequests]:
    """The newest kinds, those with the last request first."""
    found = (
        select(RefusedRequests)
        .where(RefusedRequests.client_id == client_id)
        .order_by(RefusedRequests.last_at.desc())
        .limit(SHOWN)
    )
    return list(session.scalars(found))


def refusals_by_app(session: Session) -> dict[str, int]:
    """How many requests of each app were refused within a day."""
    counted = (
        select(RefusedRequests.client_id, func.sum(RefusedRequests.times))
        .where(RefusedRequests.client_id.is_not(None), RefusedRequests.last_at >= clock.now() - LATELY)
        .group_by(RefusedRequests.client_id)
    )
    return {client_id: int(times) for client_id, times in session.execute(counted) if client_id is not None}
