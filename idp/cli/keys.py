"""Signing keys, and the key that everything is sealed under."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from ..foundation.context import parts
from ..foundation.reseal import BATCH, reseal
from ..oidc.jose import rotate, withdraw
from .root import json_option, machi, say


@machi.group()
def keys() -> None:
    """The provider's signing keys, and the key that everything is sealed under."""


@keys.command("rotate")
@click.option(
    "--now",
    "now_too",
    is_flag=True,
    help="Publish and sign at once, for a key that may have leaked; then withdraw it.",
)
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


@keys.command("reseal")
@click.option("--batch", type=click.IntRange(1, 10000), default=BATCH, help="Rows in one transaction.")
@json_option
def reseal_keys(batch: int, as_json: bool) -> None:
    """Seal all that is stored anew under MACHI_SECRET_KEY, online, so that a former key may go. May be stopped and run again."""

    def progress(column: str, done: int, of: int) -> None:
        click.echo(f"{column}: {done} of {of}", err=True)

    done = reseal(parts().database, parts().vault, progress, batch)
    for column, number in done.unreadable.items():
        click.echo(f"{column}: {number} sealed with a key that is not named", err=True)
    facts = asdict(done) | {"complete": done.complete}
    if not done.complete:
        say(
            as_json,
            facts,
            f"{done.resealed} values sealed anew; NOT complete: keep the former keys and run this again.",
        )
        sys.exit(1)
    say(
        as_json,
        facts,
        f"{done.resealed} values sealed anew; all that is stored is under MACHI_SECRET_KEY now.\n"
        "A former key may go from MACHI_OLD_SECRET_KEYS once every process has been started with the present one.\n"
        "Keep it for as long as you keep backups made before now.",
    )


# One key id in 64 begins with a hyphen and looks like an option.
@keys.command("withdraw", context_settings={"ignore_unknown_options": True})
@click.argument("kid")
@json_option
def withdraw_key(kid: str, as_json: bool) -> None:
    """Forget a leaked key at once, after `rotate --now`: every token and every hint it signed counts no more."""
    try:
        with parts().database.write() as session:
            withdraw(session, kid)
    except LookupError:
        raise click.ClickException("No key has this kid.") from None
    except ValueError:
        raise click.ClickException("This key signs now. Give it a successor first: keys rotate --now.") from None
    say(as_json, {"kid": kid}, f"{kid} is forgotten; other processes know it within ten seconds")
