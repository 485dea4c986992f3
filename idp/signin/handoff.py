"""Away and back: the browser leaves for a page that is not ours (a card reader, another provider) and comes back with its word.

One way for all of them, so that nobody collects what somebody else answered (docs/decisions/0015-away-and-back.md):

1. `leave`: a challenge of one use, for this attempt and this browser.
2. `arrived`: the word comes, from whatever browser or app; what it proves is kept sealed, and nothing else happens. In the answer
   to that very request goes a secret that nobody else gets.
3. `/signin/<attempt>/return/…`: needs the browser that left and the secret. Whoever began and sent the link on has no secret;
   whoever answered for them has one, and coming here with it in another browser ends the matter.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ..audit import AuditEventType, record
from ..credentials import challenges
from ..credentials.model import Challenge
from ..foundation.context import parts
from ..foundation.ids import is_id, is_secret
from ..foundation.telemetry import request_reference
from ..foundation.web.callers import Caller, called_by
from ..foundation.web.cookies import browser_digest
from . import attempts
from .model import SignInAttempt

bp = Blueprint("away", __name__)
log = logging.getLogger("machi.signin")

Use = Callable[[SignInAttempt, challenges.Collected], ResponseReturnValue]
_uses: dict[str, Use] = {}


def on_return(purpose: str, use: Use) -> None:
    """Have `use(attempt, collected)` answer the browser that comes back for a challenge of this purpose."""
    _uses[purpose] = use


def leave(session: Session, purpose: str, attempt_id: str) -> challenges.Issued:
    """A challenge to go away with. Raises the 410 problem of an attempt that is not this browser's."""
    if purpose not in _uses:
        raise LookupError(purpose)
    attempts.find(session, attempt_id)
    return challenges.issue(session, purpose, browser_digest(), attempt_id=attempt_id)


def arrived(challenge: Challenge, outcome: str, sealed: bytes | None = None) -> Response:
    """Keep the word for its (consumed) challenge, and send whoever brought it on to collect it."""
    secret = challenges.hand_over(challenge, outcome, sealed)
    to = url_for("away.collect", attempt_id=challenge.attempt_id, challenge_id=challenge.challenge_id, secret=secret)
    return redirect(to, 303)  # type: ignore[return-value]


@bp.get("/signin/<attempt_id>/return/<challenge_id>/<secret>")
@called_by(Caller.BROWSER)
def collect(attempt_id: str, challenge_id: str, secret: str) -> ResponseReturnValue:
    """The browser that left comes for the word, once."""
    with parts().database.write() as session:
        known = is_id(challenge_id) and is_secret(secret)
        collected = challenges.collect(session, challenge_id, secret, attempt_id) if known else None
        here = collected is not None and collected.browser_digest == browser_digest()
        if collected is not None and not here:
            record(session, AuditEventType.RETURN_REFUSED, purpose=collected.purpose)
    if collected is not None and not here:
        return _elsewhere()
    attempt = attempts.load(parts().database, attempt_id)
    if collected is None:  # reloaded, or too late: begin again rather than a dead end
        return redirect(url_for("signin.start", attempt_id=attempt_id), 303)
    return _uses[collected.purpose](attempt, collected)


def _elsewhere() -> Response:
    log.info("an answer came back in another browser")
    html = render_template(
        "signin/elsewhere.html", phone=parts().settings.counter_phone, request_reference=request_reference()
    )
    return Response(html, 410, content_type="text/html; charset=utf-8")
