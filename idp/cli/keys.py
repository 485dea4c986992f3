"""Signing keys."""

from __future__ import annotations

from dataclasses import asdict

import click

from ..foundation.context import parts
from ..oidc.keys import rotate
from .root import json_option, machi, say


@machi.group()
def keys() -> None:
    """The provider's signing keys."""


@keys.command("rotate")
@click.option("--now", "now_too", is_flag=True, help="Publish and sign at once: for a key that may have leaked.")
@json_option
def rotate_keys(now_too: bool, as_json: bool) -> None:
    """Take the next step of rotation: publish a new key, or let the published one sign and retire the old."""
    with parts().database.write() as session:
        steps = rotate(session, parts().vault, now_too)
    words = {
        "published": "a new key is published; run this again in {0} s to let it sign",
        "waiting": "the new key is published; {0} s until it may sign",
        "promoted": "the new key signs now, the old one is retired",
    }
    text = "\n".join(f"{s.alg}: {words[s.did].format(s.wait_seconds)}" for s in steps)
    say(as_json, {"steps": [asdict(s) for s in steps]}, text)
