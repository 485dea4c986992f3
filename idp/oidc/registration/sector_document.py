"""The document behind a `sector_identifier_uri` (OIDC Core §8.1, CIBA §4): who controls a host says which clients belong to it."""

from __future__ import annotations

from typing import Any

import orjson

from ...foundation.outbound import Bulkhead, Outbound, OutboundError
from ..client_metadata import MetadataError
from ..clients.model import SectorProof
from .sectors import SectorClaim, host_of, host_sector

# Documents that registrations wait for.
_DOCUMENTS = Bulkhead(in_all=4)
# What answers with a `sub` only at a redirect URI. A client's own token is not among it: its event stream names `sub`s.
_THROUGH_REDIRECTS = {"authorization_code", "implicit", "refresh_token"}
# A client that authenticates by these has the private keys that its `jwks_uri` publishes.
_BY_KEYS = ("private_key_jwt", "self_signed_tls_client_auth")


def by_document(outbound: Outbound, metadata: dict[str, Any], city: bool) -> SectorClaim:
    """The host of the document, which must list every redirect URI. Raises `MetadataError`.

    The document is public: anybody can name it and the addresses in it. It proves a client that can learn a `sub` only at an address
    that it lists, or that authenticates with the keys of a `jwks_uri` that it lists; logouts are told without keys, so where to it
    lists in either case. The city may do without.
    """
    uri = metadata["sector_identifier_uri"]
    listed = _read(outbound, uri)
    if not set(metadata.get("redirect_uris", [])) <= listed:
        raise MetadataError("sector_identifier_uri", "does not list every redirect URI")
    if not city and metadata.get("backchannel_logout_uri") not in {None, *listed}:
        raise MetadataError("sector_identifier_uri", "must list the backchannel_logout_uri")
    proven = _by_redirects(metadata) or (
        metadata.get("jwks_uri") in listed and metadata["token_endpoint_auth_method"] in _BY_KEYS
    )
    if not (proven or city):
        raise MetadataError(
            "sector_identifier_uri",
            "must list the jwks_uri by whose keys the app authenticates, because it does not depend on https redirect URIs alone",
        )
    # Only demonstrations have documents on this machine (`MACHI_OUTBOUND_LOOPBACK`).
    name = host_sector(host_of(uri) or "localhost")
    return SectorClaim(name, SectorProof.DOCUMENT if proven else SectorProof.REGISTERED)


def _by_redirects(metadata: dict[str, Any]) -> bool:
    uris = metadata.get("redirect_uris", [])
    return bool(uris) and all(map(host_of, uris)) and set(metadata["grant_types"]) <= _THROUGH_REDIRECTS


def _read(outbound: Outbound, uri: str) -> set[str]:
    try:
        answer = outbound.get(uri, _DOCUMENTS)
        found = orjson.loads(answer.body) if answer.status == 200 else None
    except (OutboundError, orjson.JSONDecodeError):
        raise MetadataError("sector_identifier_uri", "could not be read") from None
    if not isinstance(found, list):
        raise MetadataError("sector_identifier_uri", "does not list every redirect URI")
    return {entry for entry in found if isinstance(entry, str)}
