"""A database that takes no writes for now (a standby, a failover under way, a full or read-only disk): 503 and when to ask again."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import event

from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town

_OF_DATABASE = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {}', current_database()); END $$"


def take_no_writes(town: Town) -> None:
    """From now on. What PostgreSQL does as a standby (25006), and SQLite on a medium that cannot be written (SQLITE_READONLY)."""
    database = town.parts.database
    if not database.sqlite:
        url = town.settings.database_url
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_OF_DATABASE.format("SET default_transaction_read_only = on"))
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                               "AND pid <> pg_backend_pid()")  # fmt: skip
        return
    event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON"))
    database.engine.dispose()
    for connection in town.op.store._idle:  # type: ignore[attr-defined]
        connection.execute("PRAGMA query_only=ON")


def take_writes_again(town: Town) -> None:
    if not town.parts.database.sqlite:
        with psycopg.connect(town.settings.database_url, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(_OF_DATABASE.format("RESET default_transaction_read_only"))


@pytest.fixture
def browser(any_town: Town) -> Browser:
    return any_town.signed_in()


@pytest.fixture
def app(any_town: Town) -> App:
    return any_town.register()


def test_pages_apps_and_departments_are_told_to_come_again(any_town: Town, browser: Browser, app: App) -> None:
    tokens = browser.tokens(app)
    code = browser.code(app)
    take_no_writes(any_town)
    try:
        page = any_town.browser().get("/signin?next=/my/")
        asks: list[Callable[[], object]] = [
            lambda: app.redeem(code),
            lambda: app.refresh(tokens["refresh_token"]),
        ]
        answers = [ask() for ask in asks]
        userinfo = app.userinfo(tokens["access_token"])
    finally:
        take_writes_again(any_town)
    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert page.mimetype == "text/html"
    for answer in answers:
        assert answer.status_code == 503  # type: ignore[attr-defined]
        assert answer.headers["Retry-After"]  # type: ignore[attr-defined]
        assert answer.json["error"] == "temporarily_unavailable"  # type: ignore[attr-defined]
    assert userinfo.status_code == 200  # what only reads goes on
