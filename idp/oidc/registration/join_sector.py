"""Which sector a client gets, and when it may get another: nobody's `sub` changes by it, and nobody gets another's."""

from __future__ import annotations

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...residents.model import SubjectIdentifier
from ..client_metadata import MetadataError
from ..clients.model import Client, SectorProof
from .sectors import Sector, SectorClaim, host_of, host_sector, own_sector


def first_sector(session: Session, client_id: str, claim: SectorClaim) -> Sector:
    """The sector of a new client. Raises `MetadataError`."""
    return _joined(session, client_id, claim.by(client_id))


def next_sector(session: Session, row: Client, claim: SectorClaim) -> Sector:
    """The sector of a client whose registration changes; it stays once residents have an identifier in it. Raises `MetadataError`."""
    now, wanted = Sector(row.sector, SectorProof(row.sector_proof)), claim.by(row.client_id)
    if _stands(now.proof, wanted.proof):
        return now
    if wanted.name == now.name:
        return wanted if SectorProof.DECIDED is wanted.proof or now.proof is SectorProof.UNPROVEN else now
    if _known(session, now.name):
        if now.proof is SectorProof.REGISTERED and wanted.proof in (SectorProof.REGISTERED, SectorProof.OWN):
            return now  # the city moves an app to other addresses; its residents stay whom they were
        member = "sector" if wanted.proof is SectorProof.DECIDED else "sector_identifier_uri"
        raise MetadataError(member, "another sector would give every resident a new identifier")
    return _joined(session, row.client_id, wanted)


def _stands(now: SectorProof, wanted: SectorProof) -> bool:
    """Whether what is outweighs what is wanted: the city's word all but its next, and what is nobody else's all but a proof."""
    if wanted is SectorProof.DECIDED:
        return False
    return now is SectorProof.DECIDED or (
        now in (SectorProof.OWN, SectorProof.UNPROVEN) and wanted is not SectorProof.DOCUMENT
    )


def _joined(session: Session, client_id: str, wanted: Sector) -> Sector:
    """A sector that the city put an app of another host into is joined only by its word, and so is another client's own."""
    if wanted.name == own_sector(client_id):
        return wanted
    others = session.scalars(select(Client).where(Client.sector == wanted.name, Client.client_id != client_id)).all()
    if wanted.proof is SectorProof.DECIDED:
        if not others and not wanted.name.startswith("host:"):
            raise MetadataError("sector", "no app has this sector")
    elif any(_from_elsewhere(row) for row in others):
        raise MetadataError("sector", "an app of another host has this one; the city has to say who else belongs to it")
    return wanted


def _from_elsewhere(row: Client) -> bool:
    """Whether only the city's word holds it there: not a document, and not its addresses."""
    metadata = orjson.loads(row.metadata_json)
    hosts = {host_sector(host) for uri in metadata.get("redirect_uris", []) if (host := host_of(uri)) is not None}
    return "sector_identifier_uri" not in metadata and not hosts <= {row.sector}


def _known(session: Session, name: str) -> bool:
    found = session.scalar(select(SubjectIdentifier.sub).where(SubjectIdentifier.sector == name).limit(1))
    return found is not None
