"""/device (RFC 8628 §3.3): the resident types the code, sees who asks, from where and for what, and agrees or not.

Against being led here by somebody else's code (§5.4): the page says where the device is, shows the code again and asks whether it
is the one before the resident's eyes; for a device in another network that has to be said by a tick. A link with the code in it fills
the field, and answers nothing by itself. What remains is in docs/threat-model.md.
"""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from ...audit import AuditEventType, record
from ...foundation import clock
from ...foundation.web.callers import Caller, called_by
from ...foundation.web.home import start_url
from ...foundation.web.language import language
from ...foundation.web.network import client_network
from ...logins import Login, current_login
from ...residents import unseal
from ...residents.model import Resident
from ..authorization import requested_claims
from ..claims import shared_values
from ..clients import RegisteredClient
from ..resources import api_sentences, departments_apis, still_allowed
from ..server import Provider, provider
from .device_authorization import find_waiting, network_index, parse_user_code
from .model import DeviceAuthorization, Waiting
from .waiting import approve, deny

bp = Blueprint("device", __name__, template_folder="templates")

# Wrong codes of one resident from one network: 26 billion codes, ten guesses in ten minutes.
GUESS_LIMIT = "10/10 minutes"


@bp.get("/device")
@called_by(Caller.RESIDENT)
def enter() -> ResponseReturnValue:
    """The field for the code; filled in when the link or QR code brought it."""
    return _form(request.args.get("user_code", "")[:40], None, 200)


@bp.post("/device")
@called_by(Caller.RESIDENT)
def show() -> ResponseReturnValue:
    """The question, for a code that is known."""
    op, login = provider(), current_login()
    found = _find(op, login)
    if found is None:
        return _unknown()
    return _question(op, login, *found)


@bp.post("/device/decide")
@called_by(Caller.RESIDENT)
def decide() -> ResponseReturnValue:
    """Allow or deny; a code that was answered or expired meanwhile is said to be so."""
    op, login = provider(), current_login()
    decision = request.form.get("decision")
    if decision not in ("allow", "deny"):
        return redirect(url_for("device.enter"), 303)
    found = _find(op, login)
    if found is None:
        return _unknown()
    row, client, _ = found
    if decision == "allow" and not _is_near(op, row) and request.form.get("before_me") != "yes":
        return _question(op, login, *found, status=400)
    if decision == "allow" and not still_allowed(op, client, row.resource, row.scope):
        return _unknown()
    with op.parts.database.write() as session:
        done = approve(session, op.parts.settings, row, client, login) if decision == "allow" else deny(session, row)
        if done:
            kind = AuditEventType.DEVICE_ALLOWED if decision == "allow" else AuditEventType.DEVICE_REFUSED
            record(session, kind, resident_id=login.resident_id, client_id=client.client_id, device=row.device)
    if not done:
        return _unknown()
    html = render_template(
        "oidc/device_done.html",
        allowed=decision == "allow",
        client_name=client.name(language()),
        home_url=start_url(),
    )
    return Response(html, content_type="text/html; charset=utf-8")


def _question(
    op: Provider, login: Login, row: DeviceAuthorization, client: RegisteredClient, code: str, status: int = 200
) -> Response:
    """The page; with status 400 again, because the tick was missing."""
    with op.parts.database.read() as session:
        html = render_template("oidc/device_confirm.html", code=code, **asked_of(op, session, client, login, row),
            device=row.device, same_network=_is_near(op, row), tick_missing=status != 200,
            minutes=int((clock.now() - row.created_at).total_seconds() // 60),
            decide_url=url_for("device.decide"))  # fmt: skip
    return Response(html, status, content_type="text/html; charset=utf-8")


def _is_near(op: Provider, row: DeviceAuthorization) -> bool:
    """Whether the device is in the network of whoever looks at the page."""
    return row.network_index == network_index(op.parts.vault)


def asked_of(op: Provider, session: Session, client: RegisteredClient, login: Login, row: Waiting) -> dict[str, object]:
    """What a page tells about a request that came without a redirect: who asks, what would be shared and what be done."""
    resident = session.get_one(Resident, login.resident_id)
    attributes = unseal(op.parts.vault, resident.resident_id, resident.attributes)
    return {
        "client_name": client.name(language()),
        "department": client.localised("department").get(language()),
        "purpose": client.localised("purpose").get(language()),
        "values": [
            {"label": label, "value": value}
            for _, label, value in shared_values(attributes, requested_claims(row.scope.split()))
        ],
        "permissions": api_sentences(op, departments_apis(op.parts.settings, row.resource), row.scope, language()),
        "stays_signed_in": client.stays(row.scope),
    }


def _find(op: Provider, login: Login) -> tuple[DeviceAuthorization, RegisteredClient, str] | None:
    """The waiting request of the typed code. Only wrong guesses are counted; enough of them raise `LimitExceededError`."""
    key = ("device-code", login.resident_id, client_network())
    op.parts.limits.check(GUESS_LIMIT, *key)
    code = parse_user_code(request.form.get("user_code", ""))
    with op.parts.database.read() as session:
        row = find_waiting(session, op.parts.vault, code) if code else None
    client = op.clients.get(row.client_id) if row is not None else None
    if row is None or client is None or code is None:
        op.parts.limits.hit(GUESS_LIMIT, *key)
        return None
    return row, client, f"{code[:4]}-{code[4:]}"


def _unknown() -> Response:
    message = gettext("This code is not known or has expired. Look at the device again: it may show a new one.")
    return _form(request.form.get("user_code", "")[:40], message, 400)


def _form(code: str, message: str | None, status: int) -> Response:
    html = render_template("oidc/device.html", code=code, message=message, enter_url=url_for("device.show"))
    return Response(html, status, content_type="text/html; charset=utf-8")
