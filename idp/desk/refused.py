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
    "batch_too_large": lazy_gettext("The batch holds more events, or more bytes, than may be sent at once."),
    "event_too_large": lazy_gettext("One event is larger than it may be."),
    "expired_login_hint_token": lazy_gettext("The app named the resident with a token that is too old."),
    "first_event_incomplete": lazy_gettext("The first event of a case leaves out what a first one must say."),
    "foreign_issuer": lazy_gettext("The event names a resident by another provider's identifier."),
    "foreign_source": lazy_gettext("The event says it comes from another app's source."),
    "id_reused": lazy_gettext("The id of an earlier event came again with another content."),
    "invalid_authorization_details": lazy_gettext(
        "The app asked for details it may not ask for, or that are not formed as they must be."
    ),
    "invalid_binding_message": lazy_gettext("The message that the resident should compare cannot be shown."),
    "invalid_event": lazy_gettext("The event is not formed as it must be."),
    "invalid_grant_id": lazy_gettext("The app named a grant it does not have."),
    "invalid_request_object": lazy_gettext("The signed request is wrong, or not signed as the app registered."),
    "invalid_request_uri": lazy_gettext("The address of a request is wrong, used or too old."),
    "invalid_target": lazy_gettext("The app asked for access to a resource it may not use."),
    "local_numbers_not_allowed": lazy_gettext("The app named a resident by the local number, which it may not."),
    "logo_not_taken": lazy_gettext("The picture at the app's logo address is not shown."),
    "malformed_batch": lazy_gettext("The batch is not a list of events."),
    "malformed_json": lazy_gettext("What was sent is no JSON."),
    "my_number_refused": lazy_gettext("The event holds what looks like a My Number, which may never be sent."),
    "no_encryption_key": lazy_gettext("The app asks for encrypted answers, but no key of it could be used."),
    "no_request": lazy_gettext("Somebody opened the address of a sign-in without a request."),
    "not_polled": lazy_gettext("The app polls for events, but registered to have them pushed."),
    "reopen_required": lazy_gettext("The case is closed, and the event does not say that it is opened again."),
    "request_over": lazy_gettext("The request to approve was answered before, or is too old."),
    "resident_mismatch": lazy_gettext("The event is about another resident than its case."),
    "stream_disabled": lazy_gettext("The app's stream of security events is switched off."),
    "stream_exists": lazy_gettext("The app has a stream of security events already."),
    "too_large": lazy_gettext("What was sent is larger than it may be."),
    "unavailable": lazy_gettext("Nothing could be accepted at that moment; the app sends it again."),
    "unknown_client": lazy_gettext("No app is registered under the client id that was sent."),
    "unknown_grant": lazy_gettext("The app asked about a grant it does not have."),
    "unknown_phase": lazy_gettext("The event names a phase that this procedure does not have."),
    "unknown_resident": lazy_gettext("The event is about a resident that the app does not know."),
    "unknown_resource": lazy_gettext("Somebody asked which provider a name belongs to, and it is none of ours."),
    "unknown_stream": lazy_gettext("The app named a stream of security events that it does not have."),
    "unknown_subject": lazy_gettext("The app named a resident that it does not know."),
    "unknown_type": lazy_gettext("The event is of a type that does not exist here."),
    "unsupported_media_type": lazy_gettext("What was sent is not marked as what it must be."),
    MORE: lazy_gettext("Many more kinds of refused requests in this hour; they are in the server's log only."),
}


def sentence(error: str) -> LazyString:
    return SENTENCES.get(error, _OTHER)


def refused_lately(session: Session, client_id: str | None) -> list[RefusedRequests]:
    """The newest kinds, those with the last request first. None: requests that named no registered app."""
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
