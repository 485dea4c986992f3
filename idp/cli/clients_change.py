"""Clients: show one, edit it, give it a new secret, switch it on again."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import click
import orjson

from ..desk.usage import usage
from ..foundation.context import parts
from ..oidc.client_metadata import MetadataError
from ..oidc.clients.model import Client
from ..oidc.policy import PROFILES
from ..oidc.registration import (
    CityOptions,
    UnknownClientError,
    all_problems,
    change_client,
    options_of,
    prepare_client,
    require_source,
    rotate_secret,
    switch_client,
)
from .clients import SECTOR, clients
from .root import fail, json_option, say

BY = "command_line"


@clients.command("show")
@click.argument("client_id")
@json_option
def show(client_id: str, as_json: bool) -> None:
    """Everything about one app, but no secret."""
    row = _find(client_id, as_json)
    with parts().database.read() as session:
        used = usage(session, 14, client_id).get(client_id)
    facts = {
        "client_id": client_id,
        "active": row.active,
        "sector": row.sector,
        "sector_proof": row.sector_proof,
        "skip_consent": row.skip_consent,
        "event_source": row.event_source,
        "local_numbers": row.may_use_local_numbers,
        "fapi_profile": row.fapi_profile,
        "old_secret_until": row.old_secret_ends_at.isoformat() if row.old_secret_ends_at else None,
        "sign_ins": {day.isoformat(): n for day, n in sorted(used.days.items())} if used else {},
        "metadata": orjson.loads(row.metadata_json),
    }
    say(as_json, facts, orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode())


@clients.command("edit")
@click.argument("client_id")
@click.option(
    "--metadata", "changes_json", default="{}", help="Members to change as JSON, null takes one away; - reads it."
)
@click.option("--skip-consent/--ask-consent", default=None)
@click.option("--local-numbers/--no-local-numbers", default=None)
@click.option("--event-source", help="The CloudEvents source URI; an empty one takes it away.")
@click.option("--fapi-profile", type=click.Choice([*PROFILES, "none"]))
@click.option("--sector", help=SECTOR)
@json_option
def edit(
    client_id: str,
    changes_json: str,
    skip_consent: bool | None,
    local_numbers: bool | None,
    event_source: str | None,
    fapi_profile: str | None,
    sector: str | None,
    as_json: bool,
) -> None:
    """Change members and options; everything is checked, and what is wrong is all said at once."""
    row = _find(client_id, as_json)
    try:
        changes: Any = orjson.loads(sys.stdin.read() if changes_json == "-" else changes_json)
    except orjson.JSONDecodeError:
        changes = None
    if not isinstance(changes, dict):
        fail(as_json, "metadata is not a JSON object")
        return
    given = {k: v for k, v in {**orjson.loads(row.metadata_json), **changes}.items() if v is not None}
    before = options_of(row)
    options = CityOptions(
        client_id,
        before.skip_consent if skip_consent is None else skip_consent,
        before.event_source if event_source is None else event_source or None,
        before.may_use_local_numbers if local_numbers is None else local_numbers,
        before.fapi_profile if fapi_profile is None else None if fapi_profile == "none" else fapi_profile,
        sector,
    )
    if problems := all_problems(parts().settings, given, options.fapi_profile):
        fail(as_json, "; ".join(f"{member}: {rule}" for member, rule in problems.items()))
    try:
        prepared = prepare_client(parts().settings, parts().outbound, given, options, by_itself=False)
        with parts().database.write() as session:
            require_source(session, client_id, options.event_source)
            secret = change_client(session, parts().settings, client_id, prepared, options, BY)
    except MetadataError as error:
        fail(as_json, str(error))
        return
    facts = {"client_id": client_id, "metadata": prepared.metadata, **({"client_secret": secret} if secret else {})}
    say(as_json, facts, f"{client_id} is changed." + (f"\nclient_secret (shown once): {secret}" if secret else ""))


@clients.command("rotate-secret")
@click.argument("client_id")
@click.option("--overlap-days", type=click.IntRange(0, 30), default=7, show_default=True)
@json_option
def rotate(client_id: str, overlap_days: int, as_json: bool) -> None:
    """Print a new secret, shown this once; the present one stays good for the overlap."""
    try:
        with parts().database.write() as session:
            secret = rotate_secret(session, parts().settings, client_id, timedelta(days=overlap_days), BY)
    except UnknownClientError:
        fail(as_json, "no such app")
        return
    except MetadataError as error:
        fail(as_json, str(error))
        return
    facts = {"client_id": client_id, "client_secret": secret, "overlap_days": overlap_days}
    say(as_json, facts, f"client_secret (shown once): {secret}")


@clients.command("resume")
@click.argument("client_id")
@json_option
def resume(client_id: str, as_json: bool) -> None:
    """Switch an app on again."""
    try:
        with parts().database.write() as session:
            switch_client(session, client_id, True, BY)
    except UnknownClientError:
        fail(as_json, "no such app")
    say(as_json, {"client_id": client_id, "active": True}, f"{client_id} is switched on.")


def _find(client_id: str, as_json: bool) -> Client:
    with parts().database.read() as session:
        row = session.get(Client, client_id)
    if row is None:
        fail(as_json, "no such app")
        raise AssertionError("fail() does not return")
    return row
