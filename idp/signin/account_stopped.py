"""The answer to somebody who proved who they are, and whose account is suspended or closed. Strangers never come this far."""

from __future__ import annotations

import logging

from flask import Flask, Response, make_response, render_template
from flask_babel import gettext

from ..foundation.context import parts
from ..foundation.telemetry import request_reference
from ..foundation.web.errors import problem_response, wants_json
from ..logins import AccountStoppedError
from ..residents.model import ResidentState

log = logging.getLogger("machi.signin")


def install(app: Flask) -> None:
    app.register_error_handler(AccountStoppedError, on_account_stopped)


def on_account_stopped(error: AccountStoppedError) -> Response:
    """403 with whom to call and a reference number; in one sentence for the script that works passkeys."""
    kind = "suspended" if error.state == ResidentState.SUSPENDED.value else "closed"
    reference, phone = request_reference(), parts().settings.counter_phone
    log.info("sign-in refused: the account is %s", error.state)
    if wants_json():
        return problem_response(403, f"account_{kind}", _sentence(kind, phone, reference))
    html = render_template("signin/account_stopped.html", kind=kind, phone=phone, request_reference=reference)
    response = make_response(html, 403)
    response.headers["Cache-Control"] = "no-store"
    return response


def _sentence(kind: str, phone: str, reference: str) -> str:
    words = {"phone": f" ({phone})" if phone else "", "reference": reference}
    if kind == "suspended":
        said = gettext("This account is paused. Call the residents' counter%(phone)s, number %(reference)s.", **words)
    else:
        said = gettext("This account is closed. Call the residents' counter%(phone)s, number %(reference)s.", **words)
    return str(said)
