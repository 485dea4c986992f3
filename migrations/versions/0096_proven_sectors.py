"""A sector's name says its kind, and each client why it is in it. Nobody's `sub` changes.

Before, a sector was the host and port of the redirect URIs, whoever registered them, or the client's id. A client alone in one that
nothing proves keeps it as its own. Where the city registered all, or documents list them, it gets the host's name, and ports and
spellings of one host become one sector unless a resident has two `sub`s in them. What else clients share they go on sharing under a
name that nobody joins any more but by the city's word.

Revision: 0096_proven_sectors
Follows: 0108_either_secret_method
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

revision = "0096_proven_sectors"
down_revision = "0108_either_secret_method"
branch_labels = None
depends_on = None

MAX_LENGTH = 255
# Named so before this revision was taken back; `host:8080` is a host and port of the time before.
NAMED = re.compile(r"(client|earlier):.+|host:(?!\d+$).+")
THROUGH_REDIRECTS = {"authorization_code", "implicit", "refresh_token"}
GOOD = {"registered", "document"}

client = sa.table(
    "client",
    sa.column("client_id", sa.String),
    sa.column("metadata_json", sa.Text),
    sa.column("registration_token_digest", sa.String),
    sa.column("active", sa.Boolean),
    sa.column("sector", sa.String),
    sa.column("sector_proof", sa.String),
)
subject = sa.table("subject_identifier", sa.column("resident_id", sa.String), sa.column("sector", sa.String))
renamed = sa.table("sector_renamed", sa.column("old", sa.String), sa.column("new", sa.String))


def upgrade() -> None:
    op.add_column("client", sa.Column("sector_proof", sa.String(length=10), nullable=False, server_default="unproven"))
    connection = op.get_bind()
    clients: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(sa.select(client).order_by(client.c.client_id)):
        clients[row.sector].append(row)
    names, proofs = plan(clients, lambda one, others: _share_a_resident(connection, one, others))
    for client_id, proof in proofs.items():
        connection.execute(client.update().where(client.c.client_id == client_id).values(sector_proof=proof))
    used = set(connection.scalars(sa.select(subject.c.sector).distinct()))
    names |= {sector: _earlier(sector) for sector in used - set(clients)}
    _rename(connection, {old: new for old, new in names.items() if old != new})


def downgrade() -> None:
    """The names stay: the version before compares a sector and never looks into it."""
    with op.batch_alter_table("client") as table:
        table.drop_column("sector_proof")


def plan(
    clients: dict[str, list[Any]], share_a_resident: Callable[[str, list[str]], bool]
) -> tuple[dict[str, str], dict[str, str]]:
    """The name of each sector and the proof of each client, from the clients by sector."""
    names: dict[str, str] = {}
    proofs: dict[str, str] = {}
    of_host: dict[str, list[str]] = defaultdict(list)
    for sector, rows in clients.items():
        host, found = _host(sector), {row.client_id: _proof(row) for row in rows}
        if host is not None and set(found.values()) <= GOOD:
            of_host[host].append(sector)
        elif len(rows) == 1:
            names[sector], found = f"client:{rows[0].client_id}", {rows[0].client_id: "own"}
        else:
            names[sector] = _earlier(sector)
        proofs |= {client_id: "unproven" if proof == "own" and len(rows) > 1 else proof for client_id, proof in found.items()}
    for host, sectors in of_host.items():
        together: list[str] = []
        for sector in sorted(sectors, key=lambda sector: (sector != host, sector)):
            if together and share_a_resident(sector, together):
                names[sector] = _earlier(sector)
            else:
                together.append(sector)
                names[sector] = f"host:{host}"
    return {old: old if NAMED.fullmatch(old) else new for old, new in names.items()}, proofs


def _proof(row: Any) -> str:
    """The city's have no registration access token; neither has one that deregistered, which is off for ever."""
    metadata = json.loads(row.metadata_json)
    uris = metadata.get("redirect_uris", [])
    document = metadata.get("sector_identifier_uri")
    given = {urlsplit(uri).netloc for uri in ([document] if document else uris)}
    if row.sector not in given and not NAMED.fullmatch(row.sector):
        return "own"
    if row.registration_token_digest is None and row.active:
        return "registered"
    by_redirects = bool(uris) and all(_host(urlsplit(uri).netloc) and uri.startswith("https:") for uri in uris)
    # Whether the document lists where logouts are told was not asked then.
    bound = by_redirects and "backchannel_logout_uri" not in metadata and set(metadata["grant_types"]) <= THROUGH_REDIRECTS
    return "document" if document and bound else "unproven"


def _host(sector: str) -> str | None:
    """A host without port and in one spelling; None for the loopback interface and for what is no host."""
    try:
        host = (urlsplit(f"https://{sector}").hostname or "").rstrip(".")
    except ValueError:
        return None
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None if not host or host == "localhost" or host.endswith(".localhost") else host
    return None if address.is_loopback else str(address)


def _earlier(sector: str) -> str:
    name = sector if NAMED.fullmatch(sector) else f"earlier:{sector}"
    return name if len(name) <= MAX_LENGTH else f"earlier:{hashlib.sha256(sector.encode()).hexdigest()}"


def _share_a_resident(connection: sa.Connection, one: str, others: list[str]) -> bool:
    there = subject.alias()
    both = (
        sa.select(subject.c.resident_id)
        .join(there, there.c.resident_id == subject.c.resident_id)
        .where(subject.c.sector == one, there.c.sector.in_(others))
    )
    return connection.execute(both.limit(1)).first() is not None


def _rename(connection: sa.Connection, names: dict[str, str]) -> None:
    """In one statement a table: there are many subjects, and no index by sector."""
    if not names:
        return
    connection.execute(sa.text("CREATE TEMPORARY TABLE sector_renamed (old VARCHAR(255) PRIMARY KEY, new VARCHAR(255))"))
    connection.execute(renamed.insert(), [{"old": old, "new": new} for old, new in names.items()])
    for table in (client, subject):
        new = sa.select(renamed.c.new).where(renamed.c.old == table.c.sector).scalar_subquery()
        connection.execute(table.update().where(table.c.sector.in_(sa.select(renamed.c.old))).values(sector=new))
    connection.execute(sa.text("DROP TABLE sector_renamed"))
