"""Clients: register an app, end one, list them, let apps register themselves."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import click
import orjson
from sqlalchemy import select

from ..foundation.context import parts
from ..oidc.client_metadata import MetadataError
from ..oidc.clients import registered
from ..oidc.clients.model import Client
from ..oidc.policy import PROFILES
from ..oidc.registration import (
    CityOptions,
    UnknownClientError,
    issue_initial_access_token,
    register_client,
    switch_client,
)
from .root import fail, json_option, machi, say

SECTOR = "Whom it shares residents' identifiers with: own, host:NAME or the sector of an app."


@machi.group()
def clients() -> None:
    """Registered apps."""


@clients.command("register")
@click.option(
    "--metadata", "metadata_json", required=True, help="Client metadata (RFC 7591) as JSON, or - for standard input."
)
@click.option("--client-id", help="A readable id; random when left out.")
@click.option("--skip-consent", is_flag=True, help="The app needs no consent; residents still see and can end it.")
@click.option("--event-source", help="The CloudEvents source URI this app may send.")
@click.option("--local-numbers", is_flag=True, help="The app may name residents by 宛名番号 in its events.")
@click.option("--fapi-profile", type=click.Choice(PROFILES), help="Hold the app to FAPI 2.0.")
@click.option("--sector", help=SECTOR)
@json_option
def register(
    metadata_json: str,
    client_id: str | None,
    skip_consent: bool,
    event_source: str | None,
    local_numbers: bool,
    fapi_profile: str | None,
    sector: str | None,
    as_json: bool,
) -> None:
    """Register an app and print its id and, this once, its secret."""
    text = sys.stdin.read() if metadata_json == "-" else metadata_json
    try:
        given: Any = orjson.loads(text)
        if not isinstance(given, dict):
            raise MetadataError("metadata", "is not a JSON object")
        with parts().database.write() as session:
            done = register_client(
                session,
                parts().settings,
                parts().outbound,
                given,
                "command_line",
                CityOptions(client_id, skip_consent, event_source, local_numbers, fapi_profile, sector),
            )
    except orjson.JSONDecodeError:
        fail(as_json, "metadata is not JSON")
        return
    except MetadataError as error:
        fail(as_json, str(error))
        return
    facts = {"client_id": done.client_id, "client_secret": done.client_secret, "metadata": done.metadata}
    secret = f"\nclient_secret (shown once): {done.client_secret}" if done.client_secret else ""
    say(as_json, facts, f"client_id: {done.client_id}{secret}")


@clients.command("list")
@json_option
def list_clients(as_json: bool) -> None:
    """Every app, active or not."""
    with parts().database.read() as session:
        rows = session.scalars(select(Client).order_by(Client.client_id)).all()
        facts = [
            {
                "client_id": row.client_id,
                "name": registered(row).name("ja"),
                "active": row.active,
                "sector": row.sector,
                "sector_proof": row.sector_proof,
                "event_source": row.event_source,
            }
            for row in rows
        ]
    text = "\n".join(f"{f['client_id']}\t{f['name']}{'' if f['active'] else '  (ended)'}" for f in facts)
    say(as_json, {"clients": facts}, text or "no apps")


@clients.command("end")
@click.argument("client_id")
@json_option
def end(client_id: str, as_json: bool) -> None:
    """Switch an app off: no sign-in, no token, no event of it is accepted any more."""
    try:
        with parts().database.write() as session:
            switch_client(session, client_id, False, "command_line")
    except UnknownClientError:
        fail(as_json, "no such app")
    say(as_json, {"client_id": client_id, "active": False}, f"{client_id} is switched off.")


@clients.command("initial-access-token")
@click.option("--note", required=True, help="Whom it is for.")
@click.option("--uses", type=click.IntRange(1, 1000), default=1, show_default=True)
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True)
@json_option
def initial_access_token(note: str, uses: int, days: int, as_json: bool) -> None:
    """Print a token with which apps register themselves (RFC 7591 §3), shown this once."""
    with parts().database.write() as session:
        token = issue_initial_access_token(session, note, uses, timedelta(days=days))
    say(as_json, {"initial_access_token": token}, token)
