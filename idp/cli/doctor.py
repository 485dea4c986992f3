"""`machi doctor`: looks over an installation, one line for each thing, and ends with 1 if anything has to be mended."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
from sqlalchemy import text

from ..foundation import clock
from ..foundation.context import Parts, parts
from ..foundation.unavailable import UnavailableError, as_unavailable
from .front import look_at_front
from .root import json_option, machi, say

OK, WARN, FAIL = "ok", "warn", "FAIL"
# Two per connection that a worker takes (machi_id/serve.py).
FILES = 2 * 8192


class Finding(NamedTuple):
    """`state`: ok, warn (works, but look at it), FAIL."""

    name: str
    state: str
    detail: str


# What `/readyz` says in a word, in a sentence.
_MEANS = {
    ("database", "away"): "does not answer",
    ("database", "read_only"): "takes no writes: a standby? Name the primary in MACHI_DATABASE_URL",
    ("schema", "missing"): "the database is empty: run `machi init`",
    ("schema", "old"): "the schema is older than this version: run `machi init`",
    ("schema", "newer"): "the schema is newer than this version",
    ("key", "missing"): "the database holds no key ring: run `machi init`",
    ("key", "wrong"): "MACHI_SECRET_KEY is not the key of this database",
    ("live", "away"): "Redis does not answer: limits are counted in each process, open pages ask from time to time",
    ("outbox", "late"): "something waits for more than five minutes: is the delivery loop running?",
    ("disk", "low"): "less than 1 GiB free where the database is",
    ("disk", "full"): "less than 64 MiB free where the database is",
    ("signing_keys", "missing"): "there are no signing keys: run `machi init`",
    ("signing_keys", "failed"): "the signing keys do not open: is MACHI_SECRET_KEY the one they were made with?",
}


@machi.command()
@click.option("--url", help="Where residents reach it, if not at MACHI_ISSUER.")
@click.option("--offline", is_flag=True, help="Do not look at it from outside, through the proxy.")
@json_option
def doctor(url: str | None, offline: bool, as_json: bool) -> None:
    """Look over settings, database, keys, Redis, files, clock, and the proxy in front."""
    instance = parts()
    found = [*_settings(instance), *_parts(instance), *_pooler(instance), *_machine(instance), *_clock(instance)]
    if not offline:
        address = url or instance.settings.issuer
        found += [Finding(*line) for line in look_at_front(address, instance.vault)]
        found += [Finding(*line) for look in instance.looks for line in look(address)]
    well = all(one.state != FAIL for one in found)
    lines = "\n".join(f"{one.state:4}  {one.name:14} {one.detail}" for one in found)
    say(as_json, {"ok": well, "checks": [one._asdict() for one in found]}, lines)
    if not well:
        sys.exit(1)


def _settings(instance: Parts) -> Iterator[Finding]:
    settings = instance.settings
    unsafe = settings.insecurities()
    yield Finding("settings", WARN if unsafe else OK, "; ".join(unsafe) or "read, and fit for residents")
    if settings.secure and not settings.trusted_proxies:
        yield Finding("proxies", WARN, "MACHI_TRUSTED_PROXIES is 0: all callers seem to have the proxy's address")


def _parts(instance: Parts) -> Iterator[Finding]:
    states = instance.readiness.states()
    if states["schema"].word in ("missing", "old"):  # what reads tables can only fail, and says nothing of its own
        states = {name: state for name, state in states.items() if state.word != "failed"}
    for name, state in states.items():
        detail = "well" if state.word == "ok" else _MEANS.get((name, state.word), state.word)
        yield Finding(name, OK if state.word == "ok" else WARN if state.serves else FAIL, detail)


def _pooler(instance: Parts) -> Iterator[Finding]:
    if instance.database.sqlite:
        return
    from ..foundation.pooler import sharing

    try:
        with as_unavailable():
            found = sharing(instance.database)
    except UnavailableError:
        return  # said already
    if found == "none":
        yield Finding("pooler", OK, "none in front of PostgreSQL")
    elif found == "session" or instance.database.pooled:
        yield Finding("pooler", OK, f"shares PostgreSQL's connections by {found}s")
    else:
        yield Finding("pooler", FAIL, "gives each transaction another connection: set MACHI_DATABASE_POOLED=1")


def _machine(instance: Parts) -> Iterator[Finding]:
    yield Finding("data", OK, f"in {instance.database.place}")
    if instance.database.sqlite:
        path = Path(str(instance.database.url.database))
        yield Finding("files", *_readable(FAIL, *path.parent.glob(f"{path.name}*")))
    settings = instance.settings
    if keys := [file for file in (settings.secret_key_file, settings.old_secret_keys_file) if file is not None]:
        yield Finding("key file", *_readable(WARN, *keys))  # a container's secrets are often 0444, for the few in it
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = most != resource.RLIM_INFINITY and most < FILES
    yield Finding("open files", WARN if few else OK, f"{most} at most" + (f"; {FILES} are wanted (LimitNOFILE)" * few))


def _readable(wrong: str, *files: Path) -> tuple[str, str]:
    """State and sentence: whether others of this machine can read any of these."""
    found = sorted(str(file) for file in files if file.stat().st_mode & 0o077)
    if not found:
        return OK, "only ours to read"
    return wrong, f"others of this machine can read {', '.join(found)}: chmod 600"


def _clock(instance: Parts) -> Iterator[Finding]:
    """Against the database's, where it has one of its own; against the proxy's with the look from outside."""
    if instance.database.sqlite:
        return
    try:
        with instance.database.read() as session:
            theirs = float(session.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0)
    except UnavailableError:
        return  # said already
    apart = abs(clock.now().timestamp() - theirs)
    state = OK if apart < 2 else WARN if apart < 30 else FAIL
    yield Finding("clock", state, f"{apart:.1f} s from the database's")
