"""Sectors of the time before they had to be proven (migration 0096): every app knows every resident by the same `sub` as before."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st

from idp.foundation.database import Database
from idp.foundation.schema import alembic_config
from tests.support import databases

REVISION = ScriptDirectory.from_config(alembic_config("sqlite://")).get_revision("0096_proven_sectors")
BEFORE = str(REVISION.down_revision)
CODE = ["authorization_code"]
Subs = dict[tuple[str, str], str]


class Old:
    """A database of the version before, with clients and subjects as that version wrote them."""

    def __init__(self, url: str) -> None:
        self.url = url
        command.upgrade(alembic_config(url), BEFORE)
        self.database = Database(url)
        self.numbers = itertools.count(1)

    def write(self, statement: str, **values: Any) -> None:
        with self.database.write() as session:
            session.execute(sa.text(statement), values)

    def client(
        self, client_id: str, sector: str, *, itself: bool = False, active: bool = True, **metadata: Any
    ) -> None:
        given = {"redirect_uris": [f"https://{sector}/cb"], "grant_types": CODE, "application_type": "web"} | metadata
        self.write(
            "INSERT INTO client (client_id, metadata_json, sector, skip_consent, may_use_local_numbers, active, created_at,"
            " changed_at, registration_token_digest) VALUES (:id, :metadata, :sector, false, false, :active, 0, 0, :token)",
            id=client_id, metadata=json.dumps(given), sector=sector, active=active, token="t" * 64 if itself else None,
        )  # fmt: skip

    def know(self, sector: str, *residents: str) -> None:
        for resident in residents:
            if not self.read("SELECT 1 FROM resident WHERE resident_id = :r", r=resident):
                self.write(
                    "INSERT INTO resident (resident_id, state, attributes, match_key, near_key, created_at, changed_at)"
                    " VALUES (:r, 'pending', :sealed, '', '', 0, 0)",
                    r=resident, sealed=b"",
                )  # fmt: skip
            self.write(
                "INSERT INTO subject_identifier (sub, resident_id, sector, created_at) VALUES (:sub, :r, :sector, 0)",
                sub=f"sub{next(self.numbers)}", r=resident, sector=sector,
            )  # fmt: skip

    def read(self, statement: str, **values: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.execute(sa.text(statement), values))

    def subs(self) -> Subs:
        """By app and resident: what the app is told."""
        found = self.read(
            "SELECT client_id, resident_id, sub FROM client JOIN subject_identifier ON subject_identifier.sector = client.sector"
        )
        return {(client, resident): sub for client, resident, sub in found}

    def upgrade(self) -> dict[str, tuple[str, str]]:
        """Sector and proof by client."""
        self.database.close()
        command.upgrade(alembic_config(self.url), "head")
        return self.sectors()

    def sectors(self) -> dict[str, tuple[str, str]]:
        return {row[0]: (row[1], row[2]) for row in self.read("SELECT client_id, sector, sector_proof FROM client")}


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Old]:
    made = Old(f"sqlite:///{tmp_path}/old.db")
    yield made
    made.database.close()


@pytest.fixture
def old_on_postgresql(postgresql_server: str) -> Iterator[Old]:
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS sectors_of_before")
        connection.execute("CREATE DATABASE sectors_of_before")
        made = Old(databases.in_server(postgresql_server, "sectors_of_before"))
        try:
            yield made
        finally:
            made.database.close()
            connection.execute("DROP DATABASE sectors_of_before WITH (FORCE)")


@pytest.mark.parametrize("database", ["old", "old_on_postgresql"])
def test_everybodys_sub_stays(request: pytest.FixtureRequest, database: str) -> None:
    old: Old = request.getfixturevalue(database)
    old.client("city-1", "dept.example")
    old.client("city-2", "dept.example:8443")
    old.client("alone", "alone.example", itself=True)
    old.client("thief", "tax.example", itself=True, grant_types=["urn:ietf:params:oauth:grant-type:device_code"])
    old.client("tax", "tax.example")
    native = {"application_type": "native", "redirect_uris": ["http://127.0.0.1/cb"]}
    old.client("kodomo.example", "kodomo.example", **native)
    old.client("kodomo", "kodomo.example")
    old.client("demo", "localhost:8001", redirect_uris=["http://localhost:8001/cb"])
    old.client("worker", "worker", redirect_uris=[], grant_types=["client_credentials"])
    for sector in (
        "dept.example",
        "alone.example",
        "tax.example",
        "kodomo.example",
        "localhost:8001",
        "worker",
        "gone.example",
    ):
        old.know(sector, "hanako")
    old.know("dept.example:8443", "taro")
    before = old.subs()
    assert len(before) == 9
    now = old.upgrade()
    after = old.subs()
    assert {key: after[key] for key in before} == before
    # One host now, so each of its apps would know the other's resident by the `sub` that the other knows.
    assert set(after) - set(before) == {("city-1", "taro"), ("city-2", "hanako")}
    assert now == {
        "city-1": ("host:dept.example", "registered"),
        "city-2": ("host:dept.example", "registered"),
        "alone": ("client:alone", "own"),
        "thief": ("earlier:tax.example", "unproven"),
        "tax": ("earlier:tax.example", "registered"),
        "kodomo.example": ("earlier:kodomo.example", "unproven"),
        "kodomo": ("earlier:kodomo.example", "registered"),
        "demo": ("client:demo", "own"),
        "worker": ("client:worker", "own"),
    }
    assert old.read("SELECT sector FROM subject_identifier WHERE sector LIKE '%gone%'") == [("earlier:gone.example",)]


def test_ports_stay_apart_where_a_resident_has_two(old: Old) -> None:
    for number, sector in enumerate(("dept.example:1", "dept.example", "DEPT.example:2", "dept.example.:443")):
        old.client(f"app-{number}", sector)
    old.know("dept.example:1", "hanako", "taro")
    old.know("dept.example", "taro")
    old.know("DEPT.example:2", "hanako")
    before = old.subs()
    now = old.upgrade()
    after = old.subs()
    assert {key: after[key] for key in before} == before
    assert [now[f"app-{number}"][0] for number in range(4)] == [
        "earlier:dept.example:1",
        "host:dept.example",
        "host:dept.example",
        "host:dept.example",
    ]


def test_what_deregistered_or_named_a_document_without_being_bound_to_it_is_without_proof(old: Old) -> None:
    document = {"sector_identifier_uri": "https://docs.example/s.json"}
    old.client("bound", "docs.example", itself=True, **document)
    old.client("device", "docs.example", itself=True, grant_types=["x"], **document)
    old.client("told", "docs.example", itself=True, backchannel_logout_uri="https://a.example/logout", **document)
    old.client("elsewhere", "other.example", itself=True, redirect_uris=["https://a.example/cb"],
               sector_identifier_uri="https://other.example/s.json")  # fmt: skip
    old.client("ended", "dept.example", active=False)
    old.client("dept", "dept.example")
    assert old.upgrade() == {
        "bound": ("earlier:docs.example", "document"),
        "device": ("earlier:docs.example", "unproven"),
        "told": ("earlier:docs.example", "unproven"),
        "elsewhere": ("host:other.example", "document"),
        "ended": ("earlier:dept.example", "unproven"),
        "dept": ("earlier:dept.example", "registered"),
    }


def test_back_and_forth(old: Old) -> None:
    """Taken back, the names stay, for the version before only compares them; and brought again they are known."""
    old.client("city", "dept.example:8080")
    old.client("one", "shared.example", itself=True)
    old.client("two", "shared.example", itself=True)
    old.client("odd", "host:8080")
    for sector in ("dept.example:8080", "shared.example", "host:8080"):
        old.know(sector, "hanako")
    before = old.subs()
    first = old.upgrade()
    old.database.close()
    command.downgrade(alembic_config(old.url), BEFORE)
    assert old.subs() == before
    second = old.upgrade()
    assert old.subs() == before
    assert {client: sector for client, (sector, _) in second.items()} == {
        client: sector for client, (sector, _) in first.items()
    }
    assert first["odd"][0] == "host:host"


SECTORS = [
    "a.example",
    "a.example:1",
    "A.example",
    "a.example.:443",
    "b.example",
    "client-1",
    "localhost:1",
    "127.0.0.1",
    "host:80",
]
CLIENTS = st.lists(
    st.tuples(st.sampled_from(SECTORS), st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=6
)
KNOWN = st.sets(st.tuples(st.sampled_from(SECTORS), st.sampled_from(["hanako", "taro"])))


@given(clients=CLIENTS, known=KNOWN)
def test_nobodys_sub_changes_whatever_there_was(
    clients: list[tuple[str, bool, bool, bool]], known: set[tuple[str, str]]
) -> None:
    """No name takes in two `sub`s of a resident, and no client without proof comes to know a resident that it did not know."""
    plan = REVISION.module.plan
    before: dict[str, list[Any]] = defaultdict(list)
    for number, (sector, itself, active, native) in enumerate(clients, 1):
        name = f"client-{number}" if native else sector
        uris = ["http://127.0.0.1/cb"] if native else [f"https://{sector}/cb"]
        metadata = {"redirect_uris": uris, "grant_types": CODE, "application_type": "native" if native else "web"}
        row = SimpleNamespace(
            client_id=f"client-{number}",
            sector=name,
            active=active,
            registration_token_digest="t" if itself else None,
            metadata_json=json.dumps(metadata),
        )
        before[name].append(row)

    def knows(sectors: set[str]) -> list[str]:
        return [resident for sector, resident in sorted(known) if sector in sectors]

    def share(one: str, others: list[str]) -> bool:
        return bool(set(knows({one})) & set(knows(set(others))))

    names, proofs = plan(before, share)
    assert set(names) == set(before)
    for name in set(names.values()):
        kind, _, _ = name.partition(":")
        one = {old for old, new in names.items() if new == name}
        residents = knows(one)
        assert len(residents) == len(set(residents))
        found = {proofs[row.client_id] for old in one for row in before[old]}
        assert len(one) == 1 or (kind == "host" and "unproven" not in found)
        assert kind != "host" or found <= {"registered", "document"}
        assert kind != "client" or (found == {"own"} and name == f"client:{before[one.pop()][0].client_id}")
