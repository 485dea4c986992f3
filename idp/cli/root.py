"""The `machi` command group and what its commands share."""

from __future__ import annotations

import sys
from typing import Any

import click
import orjson
from flask.cli import AppGroup, ScriptInfo

from ..foundation.context import parts
from ..foundation.key_ring import check_key
from ..foundation.outage import is_unavailable
from ..foundation.scrub import described
from ..foundation.settings import SettingsError

KEYLESS = frozenset({"secret", "restore", "serve", "live"})
"""Commands that open nothing themselves: they run before there is a key, or a database, or start those who look."""


class Machi(AppGroup):
    """Every command begins with a look at the key; a wrong one, and a database that is away, end it with one line."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        found = super().resolve_command(ctx, args)
        if not (found[0] in KEYLESS or "--help" in args or ctx.resilient_parsing):  # the last: a shell completes a word
            instance = parts(ctx.ensure_object(ScriptInfo).load_app())
            check_key(instance.database, instance.vault)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        as_json = "--json" in (*ctx._protected_args, *ctx.args)
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            fail(as_json, str(error))
        except Exception as error:
            if not is_unavailable(error):
                raise
            fail(as_json, f"the database is not available ({described(error)})")


machi = Machi("machi", help="Run and look after a Machi ID installation.")

json_option = click.option("--json", "as_json", is_flag=True, help="Answer with one JSON object.")


def say(as_json: bool, facts: dict[str, Any], text: str) -> None:
    """Answer a command: facts for machines, a text for people."""
    click.echo(orjson.dumps(facts).decode() if as_json else text)


def fail(as_json: bool, message: str) -> None:
    """End with exit code 1 and one clear line."""
    click.echo(orjson.dumps({"error": message}).decode() if as_json else f"machi: {message}", err=not as_json)
    sys.exit(1)
