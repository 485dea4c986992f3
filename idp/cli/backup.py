"""Backup and restore."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import func, select

from ..foundation.backup import BackupError, back_up
from ..foundation.backup import restore as put_back
from ..foundation.context import Parts, parts
from ..foundation.key_ring import WRONG, check_key, ensure_ring
from ..foundation.outbox import OutboxRow
from ..foundation.schema import known, upgrade
from ..foundation.vault import RING_PLACE, VaultError
from ..logins import end_sessions
from ..logins.model import LoginSession
from ..oidc.jose import ensure_keys
from ..residents.model import Resident
from .root import fail, json_option, machi, say

CHUNK = 500


@machi.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Copy the whole database into FILE, while it is in use, and read the copy again."""
    try:
        back_up(parts().database, file)
    except BackupError as error:
        fail(as_json, str(error))
    facts = {"file": str(file), "bytes": file.stat().st_size}
    say(as_json, facts, f"{file}: {facts['bytes']} bytes, read again and whole. The key is not in it: keep that apart.")


@machi.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--overwrite", is_flag=True, help="Replace what the database holds.")
@click.option(
    "--keep-logins", is_flag=True, help="Leave logins as they were: those ended since the backup come alive again."
)
@json_option
def restore(file: Path, overwrite: bool, keep_logins: bool, as_json: bool) -> None:
    """Put a backup back: check it and its key first, bring its schema up, end every login. Nothing else may run meanwhile."""
    instance = parts()
    _, versions = known()

    def accept(revision: str | None, ring: bytes | None) -> None:
        if revision not in versions:
            raise BackupError(
                f"the backup's schema ({revision}) is unknown to this version: restore it with the version that made it"
            )
        try:
            if ring is not None:
                instance.vault.decrypt(ring, RING_PLACE)
        except VaultError:
            raise BackupError(WRONG) from None

    try:
        put_back(instance.database, file, accept, overwrite=overwrite)
    except BackupError as error:
        fail(as_json, str(error))
    check_key(instance.database, instance.vault)
    upgrade(instance.settings.database_url)
    instance.vault.forget_ring()
    with instance.database.write() as session:
        ensure_ring(session, instance.vault)
        ensure_keys(session, instance.vault)
    ended = 0 if keep_logins else _end_logins(instance)
    with instance.database.read() as session:
        residents = session.scalar(select(func.count()).select_from(Resident)) or 0
        waiting = session.scalar(select(func.count()).select_from(OutboxRow)) or 0
    facts = {"residents": residents, "ended_logins": ended, "outbox": waiting}
    say(
        as_json,
        facts,
        f"Restored: {residents} residents, {ended} logins ended, {waiting} jobs waiting in the outbox (some may be done twice).\n"
        "What was done since the backup is gone: suspensions, sign-outs of apps, consents withdrawn, events of departments.\n"
        "Docs: operators, After a restore.",
    )


def _end_logins(instance: Parts) -> int:
    """A login that was ended since the backup would live again, perhaps with whoever had stolen it."""
    ended = 0
    while True:
        with instance.database.write() as session:
            live = select(LoginSession.session_id).where(LoginSession.ended_at.is_(None)).limit(CHUNK)
            ids = list(session.scalars(live))
            end_sessions(session, ids, by="restore")
        if not ids:
            return ended
        ended += len(ids)
