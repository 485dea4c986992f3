"""What the city changes about an app: its metadata and options, its secret, whether it is on. For the desk and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy.orm import Session

from ...audit import AuditEventType, record
from ...foundation import clock
from ...foundation.key_ring import vault_in
from ...foundation.settings import Settings
from ..client_keys import computes_with_secret, give_secret, needs_secret, secret_fits
from ..client_metadata import MetadataError, key_algorithms_of, present, validate_metadata
from ..clients.model import Client
from ..jose import ensure_keys
from ..logos import follow_logo
from ..policy import profile_problems, with_profile_defaults
from .join_sector import next_sector
from .register_client import CityOptions, Prepared, require_source

MAX_OVERLAP = timedelta(days=30)


class UnknownClientError(LookupError):
    """There is no such app."""


def all_problems(settings: Settings, given: Mapping[str, Any], fapi_profile: str | None = None) -> dict[str, str]:
    """Every member that would be refused and the rule it breaks; the checks themselves stop at the first."""
    problems: dict[str, str] = {}
    trial = present(dict(given))
    while True:
        try:
            metadata = validate_metadata(settings, with_profile_defaults(trial, fapi_profile))
            for member, rule in profile_problems(metadata, fapi_profile):
                problems.setdefault(member, rule)
            return problems
        except MetadataError as error:
            member, _, rule = str(error).partition(": ")
            if member in problems:
                return problems
            problems[member] = rule
            if trial.pop(member, None) is None:
                return problems


def change_client(
    session: Session, settings: Settings, client_id: str, prepared: Prepared, options: CityOptions, by: str
) -> str | None:
    """Store checked metadata and options; returns a new secret if the old one cannot serve them. Raises `MetadataError`."""
    row = _client(session, client_id)
    sector = next_sector(session, row, prepared.claim)
    row.sector, row.sector_proof = sector.name, sector.proof.value
    require_source(session, client_id, options.event_source)
    before = orjson.loads(row.metadata_json)["token_endpoint_auth_method"]
    # Who reads its registration and writes it back asks for nothing by that.
    row.either_secret_method &= prepared.metadata["token_endpoint_auth_method"] == before
    row.either_secret_method |= not prepared.asks_method
    row.metadata_json = orjson.dumps(prepared.metadata).decode()
    row.skip_consent = options.skip_consent
    row.event_source = options.event_source
    row.may_use_local_numbers = options.may_use_local_numbers
    row.fapi_profile = options.fapi_profile
    row.changed_at = clock.now()
    follow_logo(session, row)
    secret = None
    if not secret_fits(row, prepared.metadata):
        _forget_old_secret(row)
        secret = give_secret(row, vault_in(session, settings), prepared.metadata)
    ensure_keys(session, vault_in(session, settings), key_algorithms_of(prepared.metadata))
    record(session, AuditEventType.CLIENT_CHANGED, client_id=client_id, by=by)
    return secret


def rotate_secret(session: Session, settings: Settings, client_id: str, overlap: timedelta, by: str) -> str:
    """A new secret; the present one stays good for `overlap` (0 to 30 days). Raises `MetadataError` for an app without a secret."""
    row = _client(session, client_id)
    metadata = orjson.loads(row.metadata_json)
    if not needs_secret(metadata):
        raise MetadataError("token_endpoint_auth_method", "this app has no secret")
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise MetadataError("overlap", "must be 0 to 30 days")
    if overlap and computes_with_secret(metadata):
        raise MetadataError("overlap", "an app that computes with its secret can have one only")
    before = row.secret_digest
    secret = give_secret(row, vault_in(session, settings), metadata)
    if overlap and before:
        row.old_secret_digest, row.old_secret_ends_at = before, clock.now() + overlap
    else:
        _forget_old_secret(row)
    row.changed_at = clock.now()
    record(
        session,
        AuditEventType.CLIENT_SECRET_ROTATED,
        client_id=client_id,
        by=by,
        overlap_hours=int(overlap.total_seconds() // 3600),
    )
    return str(secret)


def switch_client(session: Session, client_id: str, active: bool, by: str) -> None:
    """Off: no sign-in, no token, no event of it is accepted any more. On: as before."""
    row = _client(session, client_id)
    row.active, row.changed_at = active, clock.now()
    record(session, AuditEventType.CLIENT_SWITCHED, client_id=client_id, by=by, active=int(active))


def options_of(row: Client) -> CityOptions:
    """What the city has decided about an app."""
    return CityOptions(row.client_id, row.skip_consent, row.event_source, row.may_use_local_numbers, row.fapi_profile)


def _forget_old_secret(row: Client) -> None:
    row.old_secret_digest = row.old_secret_ends_at = None


def _client(session: Session, client_id: str) -> Client:
    row = session.get(Client, client_id, with_for_update=True)
    if row is None:
        raise UnknownClientError(client_id)
    return row
