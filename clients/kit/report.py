"""Reporting to my page: case states, notices and tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from .config import Settings
from .database import Database, Row, Transaction
from .discovery import Provider
from .errors import ConfigurationError
from .events import (
    CASE_STATUS,
    NOTICE_PUBLISHED,
    NOTICE_WITHDRAWN,
    TASK_CLOSED,
    TASK_OPENED,
    CaseStatus,
    Notice,
    Subject,
    Task,
    by_sub,
    to_data,
)
from .outbox import JST, Delivery, deliveries, enqueue, read_delivery
from .post_events import EventsApi
from .sender import Sender
from .tokens import ClientCredentials


class CaseReporter:
    """Puts events in the outbox and wakes the sender the moment they are committed.

    Every method takes `tx`, the `Transaction` of the change itself: then both are committed, or neither. Without it the
    event is committed alone. Returns the event's id. Nothing is lost while my page is down; events of one case arrive
    in order.
    """

    def __init__(self, settings: Settings, database: Database, provider: Provider, tokens: ClientCredentials) -> None:
        self._settings = settings
        self._database = database
        self._sender = Sender(database, EventsApi(settings, provider, tokens))

    def resident(self, sub: str) -> Subject:
        """The subject of a resident who signed in here, by this app's `sub`."""
        return by_sub(self._settings.issuer, sub)

    def report_case(
        self, number: str, status: CaseStatus, *, at: datetime | None = None, tx: Transaction | None = None
    ) -> str:
        """Report the state of case `number`. `at`: when it happened in the department (default: now)."""
        return self._put(CASE_STATUS, number, to_data(status), at, tx)

    def publish_notice(
        self,
        number: str,
        notice: Notice,
        *,
        expires: datetime | None = None,
        at: datetime | None = None,
        tx: Transaction | None = None,
    ) -> str:
        """Publish notice `number` on the resident's page, until `expires`."""
        return self._put(NOTICE_PUBLISHED, number, to_data(notice), at, tx, expires)

    def withdraw_notice(self, number: str, resident: Subject, *, tx: Transaction | None = None) -> str:
        """Take notice `number` back."""
        return self._put(NOTICE_WITHDRAWN, number, {"resident": resident.to_data()}, None, tx)

    def open_task(self, number: str, task: Task, *, at: datetime | None = None, tx: Transaction | None = None) -> str:
        """Ask the resident to do something."""
        return self._put(TASK_OPENED, number, to_data(task), at, tx)

    def close_task(
        self,
        number: str,
        resident: Subject,
        result: Literal["done", "cancelled", "expired"],
        *,
        tx: Transaction | None = None,
    ) -> str:
        """Say that task `number` is over."""
        return self._put(TASK_CLOSED, number, {"resident": resident.to_data(), "result": result}, None, tx)

    def start(self) -> None:
        """Start sending in this process. Call it when the app starts to serve."""
        if self._settings.event_source is None:
            raise ConfigurationError("event_source is not set")
        self._sender.start()

    def stop(self) -> None:
        """Stop sending; the request under way is finished first."""
        self._sender.stop()

    def deliveries(self, number: str) -> list[Delivery]:
        """How the events of a case, notice or task are doing, newest first."""
        return deliveries(self._database, number)

    def rejected(self) -> list[Delivery]:
        """Every event my page refused, newest first, for staff to look at."""
        rows = self._database.all("SELECT * FROM kit_outbox WHERE state = 'rejected' ORDER BY position DESC LIMIT 200")
        return [read_delivery(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many events are `waiting`, `sent`, `rejected`."""
        rows: list[Row] = self._database.all("SELECT state, count(*) AS n FROM kit_outbox GROUP BY state")
        return {"waiting": 0, "sent": 0, "rejected": 0} | {row["state"]: row["n"] for row in rows}

    def retry(self, event_id: str) -> bool:
        """Put a refused event back in line, after its cause was mended at my page. False if there is none."""
        with self._database.transaction() as tx:
            done = tx.execute(
                "UPDATE kit_outbox SET state = 'waiting', problem = NULL, done_at = NULL"
                " WHERE id = ? AND state = 'rejected'",
                (event_id,),
            )
            tx.after_commit(self._sender.wake)
        return done.rowcount == 1

    def _put(
        self,
        type_: str,
        number: str,
        data: dict[str, Any],
        at: datetime | None,
        tx: Transaction | None,
        expiry: datetime | None = None,
    ) -> str:
        if self._settings.event_source is None:
            raise ConfigurationError("event_source is not set")
        if tx is None:
            with self._database.transaction() as own:
                return self._put(type_, number, data, at, own, expiry)
        moment = at or datetime.now(JST)
        tx.after_commit(self._sender.wake)
        return enqueue(
            tx,
            source=self._settings.event_source,
            type_=type_,
            subject=number,
            data=data,
            at=moment,
            expiry=expiry,
        )
