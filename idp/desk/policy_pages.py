"""What only the city decides about an app's further grants: the same policy as `machi clients policy`."""

from __future__ import annotations

from typing import get_args

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from ..foundation.context import parts
from ..oidc.clients import registered
from ..oidc.clients.model import Client
from ..oidc.policy import AssertionPolicy, PolicyError, load_policy, policy_problems, set_policy
from ..staff import Duty, current_staff, require_staff
from .apps_pages import find
from .page import show
from .policy_form import Offer, PolicyForm, form_of, offers, read_form, refuse_unoffered
from .policy_rules import explain

bp = Blueprint("desk_policy", __name__, url_prefix="/desk/apps")


@bp.get("/<client_id>/policy")
@require_staff(Duty.APPS)
def policy(client_id: str) -> Response:
    """The form with what holds now."""
    row = find(client_id)
    with parts().database.read() as session:
        held = load_policy(session, client_id)
        offered = offers(session, client_id, held)
    return _show(row, form_of(held), offered)


@bp.post("/<client_id>/policy")
@require_staff(Duty.APPS)
def change(client_id: str) -> ResponseReturnValue:
    """Store the form in the place of what held before, if all of it is right."""
    row = find(client_id)
    form = read_form(request.form)
    with parts().database.read() as session:
        offered = offers(session, client_id, load_policy(session, client_id))
    form.place(policy_problems(form.given()))
    form.refuse_repeated()
    refuse_unoffered(form, offered)
    if form.is_right:
        try:
            with parts().database.write() as session:
                set_policy(session, client_id, form.given(), current_staff().staff_id)
            return redirect(url_for("desk_apps.app", client_id=client_id, done="policy"), 303)
        except PolicyError as error:  # what only the other apps' rows tell
            form.place([error])
    return _show(row, form, offered)


def _show(row: Client, form: PolicyForm, offered: list[Offer]) -> Response:
    fields = AssertionPolicy.model_fields
    choices = {name: get_args(get_args(fields[name].annotation)[0]) for name in ("itself", "resident")}
    return show(
        "policy",
        "apps",
        200 if form.is_right else 422,
        row=row,
        client=registered(row),
        form=form,
        offered=offered,
        choices=choices,
        explain=explain,
    )
