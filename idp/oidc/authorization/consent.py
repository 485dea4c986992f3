"""Consent: which values an app is about to get, in plain words and with the values themselves."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...audit import AuditEventType, record
from ...foundation.web.callers import Caller, called_by
from ...foundation.web.language import language
from ...foundation.web.leaving import by_page, way_leads_to
from ...logins import current_login
from ...residents import unseal
from ...residents.model import Resident
from ...signin import attempts
from ..claims import CLAIMS, SCOPE_CLAIMS, shared_values
from ..logos import logo_path
from ..resources import api_sentences, sentences
from ..server import provider
from .authorize import decide, error_response, lead_to, look, request_of
from .authorize_request import AuthorizationError
from .login_checks import CHECKS, Missing
from .participation import grant_consent

bp = Blueprint("consent", __name__)


@bp.get("/consent/<attempt_id>")
@called_by(Caller.RESIDENT)
def show(attempt_id: str) -> ResponseReturnValue:
    """The question."""
    op = provider()
    with op.parts.database.read() as session:
        attempt = attempts.find(session, attempt_id)
        try:
            asked = request_of(attempt)
        except AuthorizationError as error:
            return error_response(error)
        row = session.get_one(Resident, current_login().resident_id)
        attributes = unseal(op.parts.vault, row.resident_id, row.attributes)
    login = look(asked, attempt).login_facts
    before = set(((login.consented if login else None) or "").split())
    names = requested_claims(asked.consent_items.split())
    known = set(requested_claims(sorted(before)))
    values = [
        {"label": label, "value": value, "new": name not in known}
        for name, label, value in shared_values(attributes, names)
    ]
    way_leads_to(asked.redirect_uri)
    client = asked.client
    html = render_template(
        "oidc/consent.html",
        client_name=client.name(language()),
        logo=logo_path(client),
        department=client.localised("department").get(language()),
        purpose=client.localised("purpose").get(language()),
        values=values,
        permissions=[
            *(api_sentences(op, asked.apis, asked.scope, language()) if asked.apis else []),
            *(sentences(op, client.client_id, asked.details, language()) if asked.details else []),
        ],
        granted_before=bool(before),
        stays_signed_in=client.stays(asked.scope),
        consent_url=url_for("consent.answer", attempt_id=attempt_id),
        hidden_fields={},
        policy_uri=client.metadata.get("policy_uri"),
        tos_uri=client.metadata.get("tos_uri"),
        resident_name=attributes.name,
    )
    return Response(html, content_type="text/html; charset=utf-8")


@bp.post("/consent/<attempt_id>")
@called_by(Caller.RESIDENT)
def answer(attempt_id: str) -> ResponseReturnValue:
    """Allow or deny; everything else means go back and look again."""
    op = provider()
    attempt = attempts.load(op.parts.database, attempt_id)
    try:
        asked = request_of(attempt)
        way_leads_to(asked.redirect_uri)
        if request.form.get("decision") == "deny":
            with op.parts.database.write() as session:
                record(
                    session,
                    AuditEventType.CONSENT_DENIED,
                    resident_id=current_login().resident_id,
                    client_id=asked.client.client_id,
                )
            raise AuthorizationError(asked, "access_denied", "The resident did not agree.")
        if request.form.get("decision") != "allow":
            return redirect(url_for("consent.show", attempt_id=attempt_id), 303)
        situation = look(asked, attempt)
        missing = CHECKS.run(op, situation)
        if missing not in (None, Missing.CONSENT):  # consent is the last: whatever comes before it stands
            return by_page(lead_to(missing, asked, attempt))  # a sign-in done meanwhile leads on to the app
        with op.parts.database.write() as session:
            grant_consent(session, asked, situation.login.resident_id)
        return by_page(decide(asked, attempt, agreed=True))
    except AuthorizationError as error:
        return by_page(error_response(error))


def requested_claims(items: list[str]) -> list[str]:
    """Claims behind consent items (scopes and ``claim:NAME``)."""
    names: list[str] = []
    for item in items:
        names += [item.removeprefix("claim:")] if item.startswith("claim:") else list(SCOPE_CLAIMS.get(item, ()))
    return [name for name in CLAIMS if name in names]
