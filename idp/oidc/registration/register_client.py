"""Writing clients: registered by themselves (RFC 7591) or by the city (command line, later the administrator's desk)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...audit import AuditEventType, record
from ...foundation import clock
from ...foundation.ids import new_id, new_secret
from ...foundation.key_ring import vault_in
from ...foundation.outbound import Outbound
from ...foundation.settings import Settings
from ...foundation.vault import digest
from ..client_keys import give_secret
from ..client_metadata import MetadataError, key_algorithms_of, present, validate_metadata
from ..clients import CLIENT_ID
from ..clients.model import Client
from ..jose import ensure_keys
from ..logos import follow_logo
from ..policy import profile_problems, with_profile_defaults
from .join_sector import first_sector
from .sector_document import by_document
from .sectors import SectorClaim, by_addresses, decided
from .software_statement import SoftwareStatementError, with_statement


@dataclass(frozen=True)
class CityOptions:
    """What only the city decides about a client, never the client itself."""

    client_id: str | None = None
    skip_consent: bool = False
    event_source: str | None = None
    may_use_local_numbers: bool = False
    fapi_profile: str | None = None
    sector: str | None = None
    """`own`, `host:NAME` or the sector of another app; None: what its addresses give, or the one it has."""


@dataclass(frozen=True)
class Prepared:
    """Checked metadata, and what speaks for a sector."""

    metadata: dict[str, Any]
    claim: SectorClaim
    asks_method: bool = True
    """Whether it says how it will authenticate, or leaves that to us."""


@dataclass(frozen=True)
class Registered:
    """A new client. `client_secret` and `registration_token` (RFC 7592) are shown this once and stored only as digests."""

    client_id: str
    client_secret: str | None
    metadata: dict[str, Any]
    issued_at: int
    registration_token: str | None = None


def register_client(
    session: Session,
    settings: Settings,
    outbound: Outbound,
    given: dict[str, Any],
    by: str,
    options: CityOptions | None = None,
) -> Registered:
    """Validate and store what the city registers. Raises `MetadataError`."""
    options = options or CityOptions()
    prepared = prepare_client(settings, outbound, given, options, by_itself=False)
    return store_client(session, settings, prepared, by, options)


def prepare_client(
    settings: Settings, outbound: Outbound, given: dict[str, Any], options: CityOptions, *, by_itself: bool
) -> Prepared:
    """Check everything, reading the sector document if there is one: to be done outside any transaction. Raises `MetadataError`.

    What a client says `by_itself` has to be proven where it concerns others; what the city registers is the city's decision.
    """
    try:
        given = present(with_statement(settings, present(given)))
    except SoftwareStatementError as error:
        raise MetadataError("software_statement", str(error), error.error) from None
    metadata = validate_metadata(settings, with_profile_defaults(given, options.fapi_profile))
    for problem in profile_problems(metadata, options.fapi_profile):
        raise MetadataError(*problem)
    if "sector_identifier_uri" in metadata:
        claim = by_document(outbound, metadata, city=not by_itself)
    elif options.sector is None or by_itself:
        claim = by_addresses(metadata, city=not by_itself)
    if options.sector is not None and not by_itself:
        claim = decided(options.sector)
    return Prepared(metadata, claim, "token_endpoint_auth_method" in given)


def store_client(
    session: Session,
    settings: Settings,
    prepared: Prepared,
    by: str,
    options: CityOptions | None = None,
    manageable: bool = False,
) -> Registered:
    """Store what was prepared; `manageable` gives the client a registration access token. Raises `MetadataError`."""
    options = options or CityOptions()
    metadata = prepared.metadata
    client_id = options.client_id or new_id()
    if not CLIENT_ID.fullmatch(client_id):
        raise MetadataError("client_id", "must be 3 to 64 letters, digits, dots, hyphens or underscores")
    if session.get(Client, client_id) is not None:
        raise MetadataError("client_id", "is taken")
    token = new_secret() if manageable else None
    sector = first_sector(session, client_id, prepared.claim)
    now = clock.now()
    row = Client(
        client_id=client_id,
        metadata_json=orjson.dumps(metadata).decode(),
        registration_token_digest=digest(token) if token else None,
        sector=sector.name,
        sector_proof=sector.proof.value,
        skip_consent=options.skip_consent,
        event_source=options.event_source,
        may_use_local_numbers=options.may_use_local_numbers,
        fapi_profile=options.fapi_profile,
        either_secret_method=not prepared.asks_method,
        created_at=now,
        changed_at=now,
    )
    vault = vault_in(session, settings)
    secret = give_secret(row, vault, metadata)
    ensure_keys(session, vault, key_algorithms_of(metadata))
    session.add(row)
    session.flush()
    follow_logo(session, row)
    record(session, AuditEventType.CLIENT_REGISTERED, client_id=client_id, by=by)
    return Registered(client_id, secret, metadata, int(now.timestamp()), token)


def require_source(session: Session, client_id: str | None, source: str | None) -> None:
    """An event source is a URI, and one app's alone. Raises `MetadataError`."""
    if source is not None and (len(source) > 255 or ":" not in source or not source.isascii() or " " in source):
        raise MetadataError("event_source", "must be a URI of up to 255 characters")
    _require_free_source(session, client_id, source)


def _require_free_source(session: Session, client_id: str | None, source: str | None) -> None:
    if source is None:
        return
    other = session.scalar(select(Client.client_id).where(Client.event_source == source))
    if other is not None and other != client_id:
        raise MetadataError("event_source", "belongs to another app")
