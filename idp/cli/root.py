"""The `machi` command group and what its commands share."""

from __future__ import annotations

import sys
from typing import Any

import click
import orjson
from flask.cli import AppGroup

machi = AppGroup("machi", help="Run and look after a Machi ID installation.")

json_option = click.option("--json", "as_json", is_flag=True, help="Answer with one JSON object.")


def say(as_json: bool, facts: dict[str, Any], text: str) -> None:
    """Answer a command: facts for machines, a text for people."""
    click.echo(orjson.dumps(facts).decode() if as_json else text)


def fail(as_json: bool, message: str) -> None:
    """End with exit code 1 and one clear line."""
    click.echo(orjson.dumps({"error": message}).decode() if as_json else f"machi: {message}", err=not as_json)
    sys.exit(1)
