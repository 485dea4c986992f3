"""The parts of one running instance, and how code reaches them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import cast

from flask import Flask, current_app

from .database import Database
from .journal import Journal, open_journal
from .key_ring import open_vault
from .limits import Limits
from .live import Bus, open_bus
from .outbound import Outbound
from .outbox import Worker
from .readiness import Readiness, usual_checks
from .refusals import Tally
from .settings import Settings
from .vault import Vault


@dataclass
class Parts:
    """What operations are handed; built once per process by `build_parts`."""

    settings: Settings
    database: Database
    vault: Vault
    bus: Bus
    journal: Journal
    limits: Limits
    outbound: Outbound
    worker: Worker
    readiness: Readiness
    refusals: Tally
    at_close: list[Callable[[], None]] = field(default_factory=list)
    """What else is to end with this instance."""
    looks: list[Callable[[str], Iterable[tuple[str, str, str]]]] = field(default_factory=list)
    """What else `machi doctor` looks at from outside, given the public base URL: name, state (ok, warn, FAIL) and sentence."""

    def close(self) -> None:
        """Stop the loop and let go of connections."""
        for end in self.at_close:
            end()
        self.worker.stop()
        self.refusals.flush()
        self.journal.close()
        self.bus.close()
        self.database.close()


def build_parts(settings: Settings) -> Parts:
    """Open everything the settings name."""
    database = Database(settings.database_url, pooled=settings.database_pooled)
    bus = open_bus(settings.live_url)
    vault = open_vault(settings, database)
    return Parts(
        settings=settings,
        database=database,
        vault=vault,
        bus=bus,
        journal=open_journal(settings.live_url),
        limits=Limits(settings.live_url),
        outbound=Outbound(settings),
        worker=Worker(database, bus),
        readiness=Readiness(usual_checks(database, bus, vault)),
        refusals=Tally(database),
    )


def parts(app: Flask | None = None) -> Parts:
    """The parts of the current (or the given) application."""
    return cast(Parts, (app or current_app).extensions["machi"])
