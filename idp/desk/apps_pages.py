"""Apps: which there are, how they are used, register one, edit every field."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from ..foundation.context import parts
from ..foundation.web.errors import ProblemError
from ..oidc.client_metadata import MetadataError
from ..oidc.clients import CLIENT_ID, registered
from ..oidc.clients.model import Client, SectorProof
from ..oidc.policy import PROFILES
from ..oidc.registration import (
    CityOptions,
    all_problems,
    change_client,
    options_of,
    prepare_client,
    register_client,
    require_source,
)
from ..oidc.server import provider
from ..staff import Duty, current_staff, require_staff
from .metadata_fields import metadata_fields, read_form
from .metadata_texts import PROOFS
from .page import show
from .refused import refusals_by_app, refused_lately, sentence
from .rules import explain
from .usage import Usage, today, usage

bp = Blueprint("desk_apps", __name__, url_prefix="/desk/apps")


@bp.get("")
@require_staff(Duty.APPS)
def index() -> Response:
    """Every app with its use; those in use first."""
    with parts().database.read() as session:
        rows = [(row, registered(row)) for row in session.scalars(select(Client).order_by(Client.client_id))]
        used, refused = usage(session, 7), refusals_by_app(session)
    week = today() - timedelta(days=6)
    apps = [(row, client, used.get(row.client_id, Usage())) for row, client in rows]
    apps.sort(key=lambda app: (not app[0].active, -app[2].since(week)))
    return show("apps", "apps", apps=apps, today=today(), week=week, refused=refused)


@bp.get("/<client_id>")
@require_staff(Duty.APPS)
def app(client_id: str) -> Response:
    """One app: what it registered, its use day by day, what can be done."""
    row = find(client_id)
    with parts().database.read() as session:
        used = usage(session, 14, client_id).get(client_id, Usage())
        refused = refused_lately(session, client_id)
    days = [today() - timedelta(days=n) for n in range(13, -1, -1)]
    most = max([1, *used.days.values()])
    return show(
        "app",
        "apps",
        row=row,
        sector_proof=PROOFS[SectorProof(row.sector_proof)],
        client=registered(row),
        sections=metadata_fields(parts().settings),
        metadata=orjson.loads(row.metadata_json),
        used=used,
        days=[(day, used.days.get(day, 0)) for day in days],
        most=most,
        refused=[(kind, sentence(kind.error)) for kind in refused],
        done=request.args.get("done"),
    )


@bp.get("/new")
@require_staff(Duty.APPS)
def new() -> Response:
    """An empty form with sensible first values."""
    first = {"grant_types": ["authorization_code"], "response_types": ["code"], "scope": "openid profile"}
    return _form(None, {**first, "id_token_signed_response_alg": "ES256"}, CityOptions())


@bp.post("/new")
@require_staff(Duty.APPS)
def register() -> ResponseReturnValue:
    """Register; the secret is on the answer and nowhere else."""
    given, options = (
        read_form(parts().settings, request.form),
        _options(request.form.get("client_id", "").strip() or None),
    )
    problems = _problems(given, options)
    if problems:
        return _form(None, given, options, problems)
    try:
        with parts().database.write() as session:
            require_source(session, None, options.event_source)
            done = register_client(session, parts().settings, parts().outbound, given, _by(), options)
    except MetadataError as error:
        return _form(None, given, options, _one(error))
    provider().clients.forget(done.client_id)
    return show("secret", "apps", client_id=done.client_id, secret=done.client_secret, overlap=None, created=True)


@bp.get("/<client_id>/edit")
@require_staff(Duty.APPS)
def edit(client_id: str) -> Response:
    """The form with what is registered."""
    row = find(client_id)
    return _form(row, orjson.loads(row.metadata_json), options_of(row))


@bp.post("/<client_id>/edit")
@require_staff(Duty.APPS)
def change(client_id: str) -> ResponseReturnValue:
    """Store the form if every field is right."""
    row = find(client_id)
    given, options = read_form(parts().settings, request.form, orjson.loads(row.metadata_json)), _options(client_id)
    problems = _problems(given, options)
    if problems:
        return _form(row, given, options, problems)
    try:
        prepared = prepare_client(parts().settings, parts().outbound, given, options, by_itself=False)
        with parts().database.write() as session:
            require_source(session, client_id, options.event_source)
            secret = change_client(session, parts().settings, client_id, prepared, options, _by())
    except MetadataError as error:
        return _form(row, given, options, _one(error))
    provider().clients.forget(client_id)
    if secret is not None:
        return show("secret", "apps", client_id=client_id, secret=secret, overlap=None, created=False)
    return redirect(url_for("desk_apps.app", client_id=client_id, done="changed"), 303)


def find(client_id: str) -> Client:
    """The row. Raises a 404 problem."""
    with parts().database.read() as session:
        row = session.get(Client, client_id) if CLIENT_ID.fullmatch(client_id) else None
    if row is None:
        raise ProblemError(404, "no_such_app", "There is no app with this id.")
    return row


def _by() -> str:
    return current_staff().staff_id


def _options(client_id: str | None) -> CityOptions:
    form = request.form
    return CityOptions(
        client_id,
        skip_consent=form.get("skip_consent") == "true",
        event_source=form.get("event_source", "").strip() or None,
        may_use_local_numbers=form.get("may_use_local_numbers") == "true",
        fapi_profile=form.get("fapi_profile") or None,
        sector=form.get("sector", "").strip() or None,
    )


def _problems(given: dict[str, Any], options: CityOptions) -> dict[str, str]:
    problems = all_problems(parts().settings, given, options.fapi_profile)
    if options.client_id is not None and not CLIENT_ID.fullmatch(options.client_id):
        problems["client_id"] = "must be 3 to 64 letters, digits, dots, hyphens or underscores"
    return problems


def _one(error: MetadataError) -> dict[str, str]:
    member, _, rule = str(error).partition(": ")
    return {member: rule}


def _form(
    row: Client | None, metadata: dict[str, Any], options: CityOptions, problems: dict[str, str] | None = None
) -> Response:
    """The form; `problems` by member stand beside their fields, and those of no field on top."""
    sections = metadata_fields(parts().settings)
    problems = {name: explain(rule) for name, rule in (problems or {}).items()}
    shown = {member.name for fields in sections.values() for member in fields}
    shown |= {"client_id", "event_source", "fapi_profile", "sector"}
    top = {name: text for name, text in problems.items() if name not in shown}
    return show(
        "app_form",
        "apps",
        422 if problems else 200,
        row=row,
        sections=sections,
        metadata=metadata,
        options=options,
        profiles=PROFILES,
        problems=problems,
        top=top,
    )
