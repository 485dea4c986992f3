"""The migration to roles as rows: everybody keeps what they had, there and back, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from idp.foundation.database import Database
from idp.foundation.schema import alembic_config
from idp.staff.members import members
from tests.support import databases

REVISION = ScriptDirectory.from_config(alembic_config("sqlite://")).get_revision("0130_staff_roles")
BEFORE = str(REVISION.down_revision)
ROLES = {
    "amber": "administrator",
    "beryl": "administrator department registrar",
    "coral": "department",
    "diamond": "registrar",
}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/old.db"
        return
    server = request.getfixturevalue("postgresql_server")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS roles_of_before")
        connection.execute("CREATE DATABASE roles_of_before")
        yield databases.in_server(server, "roles_of_before")
        connection.execute("DROP DATABASE roles_of_before WITH (FORCE)")


def test_there_and_back(url: str) -> None:
    command.upgrade(alembic_config(url), BEFORE)
    database = Database(url)
    try:
        with database.write() as session:
            for number, (staff_id, roles) in enumerate(ROLES.items()):
                session.execute(
                    sa.text(
                        "INSERT INTO staff (staff_id, name, roles, user_handle, created_at) VALUES (:id, :id, :r, :h, 0)"
                    ),
                    {"id": staff_id, "r": roles, "h": bytes([number])},
                )
        command.upgrade(alembic_config(url), "head")
        with database.read() as session:
            found = {m.staff_id: " ".join(map(str, m.appointments)) for m in members(session)}
        assert found == {staff_id: roles.replace("department", "clerk") for staff_id, roles in ROLES.items()} | {
            "beryl": "administrator clerk registrar"
        }
        with database.write() as session:
            added = {"s": "coral", "r": "supervisor", "d": "福祉課"}
            session.execute(sa.text("INSERT INTO staff_role (staff_id, role, department) VALUES (:s, :r, :d)"), added)
        database.close()
        command.downgrade(alembic_config(url), BEFORE)
        with database.read() as session:
            assert dict(session.execute(sa.text("SELECT staff_id, roles FROM staff")).all()) == ROLES
    finally:
        database.close()


def test_the_database_takes_no_other_role(url: str) -> None:
    command.upgrade(alembic_config(url), "head")
    database = Database(url)
    try:
        with database.write() as session:
            session.execute(
                sa.text("INSERT INTO staff (staff_id, name, user_handle, created_at) VALUES ('a', 'a', :h, 0)"),
                {"h": b"a"},
            )
        for role, department in (("king", ""), ("administrator", "福祉課"), ("auditor", "福祉課")):
            with pytest.raises(sa.exc.IntegrityError), database.write() as session:
                session.execute(
                    sa.text("INSERT INTO staff_role (staff_id, role, department) VALUES ('a', :r, :d)"),
                    {"r": role, "d": department},
                )
    finally:
        database.close()
