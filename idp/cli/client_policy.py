"""What the city decides about an app's further grants, on the command line."""

from __future__ import annotations

import sys
from typing import Any

import click
import orjson

from ..foundation.context import parts
from ..oidc.policy import PolicyError, load_policy, set_policy
from .clients import clients
from .root import fail, json_option, say


@clients.command("policy")
@click.argument("client_id")
@click.option(
    "--set", "policy_json", help="The whole policy as JSON, or - for standard input; shows the present one if left out."
)
@json_option
def policy(client_id: str, policy_json: str | None, as_json: bool) -> None:
    """Show or set what only the city decides: hints, other departments' APIs, assertions, authorization details."""
    try:
        if policy_json is None:
            with parts().database.read() as session:
                found = load_policy(session, client_id)
        else:
            given: Any = orjson.loads(sys.stdin.read() if policy_json == "-" else policy_json)
            if not isinstance(given, dict):
                raise PolicyError((), "the policy is not a JSON object")
            with parts().database.write() as session:
                found = set_policy(session, client_id, given, "command_line")
    except orjson.JSONDecodeError:
        fail(as_json, "the policy is not JSON")
        return
    except PolicyError as error:
        fail(as_json, str(error))
        return
    facts = found.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    shown = orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode()
    say(as_json, {"client_id": client_id, "policy": facts}, shown)
