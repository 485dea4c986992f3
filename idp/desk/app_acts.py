"""What is done to an app: a new secret, off, on."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ..foundation.context import parts
from ..foundation.web.errors import ProblemError
from ..oidc.client_keys import computes_with_secret
from ..oidc.client_metadata import MetadataError
from ..oidc.clients import registered
from ..oidc.registration import rotate_secret, switch_client
from ..oidc.server import provider
from ..staff import Duty, current_staff, require_staff
from .apps_pages import find
from .page import show

bp = Blueprint("desk_app_acts", __name__, url_prefix="/desk/apps")

OVERLAPS = (0, 1, 7, 14, 30)


@bp.get("/<client_id>/secret")
@require_staff(Duty.APPS)
def confirm_secret(client_id: str) -> Response:
    """How long the present secret shall stay good."""
    row = find(client_id)
    client = registered(row)
    overlaps = (0,) if computes_with_secret(client.metadata) else OVERLAPS
    return show("secret_new", "apps", row=row, client=client, overlaps=overlaps)


@bp.post("/<client_id>/secret")
@require_staff(Duty.APPS)
def new_secret(client_id: str) -> Response:
    """Make a secret; it is on the answer and nowhere else."""
    find(client_id)
    days = request.form.get("days", "")
    if days not in {str(n) for n in OVERLAPS}:
        raise ProblemError(400, "malformed", "Please choose how long the present secret stays good.")
    try:
        with parts().database.write() as session:
            secret = rotate_secret(
                session, parts().settings, client_id, timedelta(days=int(days)), current_staff().staff_id
            )
    except MetadataError:
        raise ProblemError(
            409, "no_secret", "This app has no secret, or one that cannot have a second beside it."
        ) from None
    provider().clients.forget(client_id)
    return show("secret", "apps", client_id=client_id, secret=secret, overlap=int(days), created=False)


@bp.get("/<client_id>/switch")
@require_staff(Duty.APPS)
def confirm_switch(client_id: str) -> Response:
    """What switching off will do."""
    row = find(client_id)
    return show("switch", "apps", row=row, client=registered(row))


@bp.post("/<client_id>/switch")
@require_staff(Duty.APPS)
def switch(client_id: str) -> ResponseReturnValue:
    """Off or on."""
    find(client_id)
    active = request.form.get("active") == "true"
    with parts().database.write() as session:
        switch_client(session, client_id, active, current_staff().staff_id)
    provider().clients.forget(client_id)
    return redirect(url_for("desk_apps.app", client_id=client_id, done="on" if active else "off"), 303)
