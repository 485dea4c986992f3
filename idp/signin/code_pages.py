"""A first way in with an activation code from the counter or by post: code and birth date, then a passkey is offered."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from ..foundation import clock
from ..foundation.context import parts
from ..foundation.web.callers import Caller, called_by
from ..foundation.web.network import client_network
from ..logins import levels
from ..residents import activation, claiming
from . import attempts
from .pages import complete, describe, sign_in_response

bp = Blueprint("code", __name__)


@bp.get("/signin/<attempt_id>/code")
@called_by(Caller.BROWSER)
def show(attempt_id: str) -> ResponseReturnValue:
    """The form."""
    attempt = attempts.load(parts().database, attempt_id)
    describe(attempt)
    return _form(attempt_id, None, 200)


@bp.post("/signin/<attempt_id>/code")
@called_by(Caller.BROWSER)
def use(attempt_id: str) -> ResponseReturnValue:
    """Claim with the code; a wrong code and a wrong birth date get the same answer."""
    attempt = attempts.load(parts().database, attempt_id)
    describe(attempt)
    settings, limits, guessing = parts().settings, parts().limits, ("activation-code", client_network())
    # What is guessed counts for its network, a wrong birth date on its code; at a counter many people start from one network.
    limits.check(settings.activation_limit, *guessing)
    code, birth_date = activation.parse_code(request.form.get("code", "")[:40]), request.form.get("birth_date", "")[:10]
    with parts().database.write() as session:
        claim = claiming.claim_by_code(
            session,
            parts().vault,
            code=code,
            birth_date=birth_date,
            max_wrong_dates=settings.activation_wrong_dates,
        )
    if claim.resident_id is None:
        if claim.result is not claiming.ClaimResult.WRONG_BIRTH_DATE:
            limits.hit(settings.activation_limit, *guessing)
        return _form(attempt_id, _refusal(claim.result), 400)
    factor = levels.Factor("code", clock.epoch_ms(), credential_id=claim.ceremony_id or "")
    first = claim.result is claiming.ClaimResult.CLAIMED
    return sign_in_response(*complete(attempt, claim.resident_id, factor, first=first))


def _refusal(result: claiming.ClaimResult) -> str:
    """One answer for a code that is unknown, used, or does not fit the date; only who holds a code can have voided it."""
    if result is not claiming.ClaimResult.VOID:
        return str(
            gettext("The activation code and the date of birth do not fit together, or the code was used already.")
        )
    phone = parts().settings.counter_phone
    stopped = gettext(
        "This activation code was stopped because the date of birth was wrong too often. Call the residents' counter%(phone)s and ask for a new one.",  # noqa: E501
        phone=f" ({phone})" if phone else "",
    )
    return str(stopped)


def _form(attempt_id: str, message: str | None, status: int) -> Response:
    html = render_template(
        "signin/code.html",
        code_url=url_for("code.use", attempt_id=attempt_id),
        start_url=url_for("signin.start", attempt_id=attempt_id),
        message=message,
        code=request.form.get("code", "")[:40],
        birth_date=request.form.get("birth_date", "")[:10],
    )
    return Response(html, status, content_type="text/html; charset=utf-8")
