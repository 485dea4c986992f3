"""Registered clients as the protocol sees them, read through a small cache.

A change is seen at once in the process that made it (`forget`), and in every other within `CACHE_SECONDS`.
"""

from __future__ import annotations

import hmac
import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import orjson
from authlib.oauth2.rfc6749 import ClientMixin
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...foundation import clock
from ...foundation.database import Database
from ...foundation.vault import digest
from .addresses import is_registered
from .model import Client, SectorProof
from .scopes import scope_error

IDENTITY_SCOPES = ("openid", "profile", "email", "address", "phone", "offline_access")
API_SCOPES = ("case:write", "notice:write", "task:write", "message:write", "grant_management_query",
              "grant_management_revoke", "ssf.manage", "ssf.read")  # fmt: skip
SCOPES = IDENTITY_SCOPES + API_SCOPES
PLAIN_SECRET_METHODS = ("client_secret_basic", "client_secret_post")

CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{3,64}")


@dataclass(frozen=True, eq=False)
class RegisteredClient(ClientMixin):
    """One client. `metadata` has the member names of RFC 7591 and OIDC Registration."""

    client_id: str
    metadata: dict[str, Any]
    secret_digest: str | None
    sector: str
    skip_consent: bool
    event_source: str | None
    may_use_local_numbers: bool
    sector_proven: bool = field(default=False, kw_only=True)
    secret_sealed: bytes | None = field(default=None, repr=False, kw_only=True)
    fapi_profile: str | None = None
    old_secret: tuple[str, float] | None = field(default=None, repr=False)
    """Digest of the former secret and when it stops counting (seconds since 1970)."""
    either_secret_method: bool = False
    """It asked for no method: its secret counts in the header and in the form."""
    logo_digest: str | None = None
    """Of the picture that we have of it."""

    @property
    def auth_method(self) -> str:
        return str(self.metadata.get("token_endpoint_auth_method", "client_secret_basic"))

    @property
    def scopes(self) -> frozenset[str]:
        """What it may ask for; a client that registered none may ask for everything about identity."""
        registered = self.metadata.get("scope")
        return frozenset(registered.split()) if registered else frozenset(IDENTITY_SCOPES)

    def code_binding(self, usual: str) -> str:
        """What its authorization requests must carry at least: `pkce`, `nonce` or `none`; `usual` is the city's setting.

        `require_pkce: false` lets a nonce do where the city asks for PKCE; it never lets both go.
        """
        registered = self.metadata.get("require_pkce")
        if self.auth_method == "none" or self.fapi_profile is not None or registered:
            return "pkce"
        return "nonce" if usual == "pkce" and registered is False else usual

    @property
    def id_token_alg(self) -> str:
        return str(self.metadata.get("id_token_signed_response_alg", "RS256"))

    def stays(self, scope: str) -> bool:
        """Whether it may look anything up in the resident's absence with a grant of `scope`: only a refresh token lets it."""
        return "offline_access" in scope.split() and self.check_grant_type("refresh_token")

    def name(self, lang: str) -> str:
        """The name people see, in `lang` if the client registered one (OIDC Registration §2.1: `client_name#ja`)."""
        return str(self.metadata.get(f"client_name#{lang}") or self.metadata.get("client_name") or self.client_id)

    def localised(self, member: str) -> dict[str, str]:
        """A human-readable member in every language it has: `{"ja": …, "en": …}`."""
        found = {lang: self.metadata.get(f"{member}#{lang}") for lang in ("ja", "en")}
        plain = self.metadata.get(member)
        return {lang: str(text or plain) for lang, text in found.items() if text or plain}

    # Authlib's ClientMixin ------------------------------------------------------------------------------------------------------

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        """Only when exactly one is registered (RFC 6749 §3.1.2.3)."""
        uris = self.metadata.get("redirect_uris") or []
        return uris[0] if len(uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str:
        """The requested scopes we know. Raises `InvalidScopeError` if one of them is not for this client."""
        wanted = [s for s in dict.fromkeys((scope or "").split()) if s in SCOPES]
        if denied := set(wanted) - self.scopes:
            raise scope_error(denied, "The client has not registered this scope")
        return " ".join(wanted)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return self._registered("redirect_uris", redirect_uri)

    def check_post_logout_redirect_uri(self, uri: str) -> bool:
        return self._registered("post_logout_redirect_uris", uri)

    def _registered(self, member: str, uri: str) -> bool:
        return is_registered(uri, self.metadata.get(member) or (), self.metadata.get("application_type", "web"))

    def check_client_secret(self, client_secret: str) -> bool:
        """Constant time, on digests of random secrets."""
        given = digest(client_secret)
        if self.secret_digest is not None and hmac.compare_digest(self.secret_digest, given):
            return True
        if self.old_secret is None or self.old_secret[1] <= clock.epoch():
            return False
        return hmac.compare_digest(self.old_secret[0], given)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        either = self.either_secret_method and {method, self.auth_method} <= set(PLAIN_SECRET_METHODS)
        return method == self.auth_method or either

    def check_response_type(self, response_type: str) -> bool:
        """Their words in any order (OAuth 2.0 Multiple Response Types §3)."""
        registered = self.metadata.get("response_types") or ["code"]
        return response_type in registered or set(response_type.split()) in [set(kind.split()) for kind in registered]

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in (self.metadata.get("grant_types") or ["authorization_code"])


NOBODY = RegisteredClient("", {}, None, "", False, None, False)
"""No client yet: what a check that proves one replaces."""


class ClientStore:
    """Look-ups by id through a cache of a few seconds."""

    CACHE_SECONDS = 5.0

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache: dict[str, tuple[float, RegisteredClient | None]] = {}
        self._lock = threading.Lock()

    def get(self, client_id: str | None) -> RegisteredClient | None:
        """The active client, or None."""
        if not client_id or not CLIENT_ID.fullmatch(client_id):
            return None
        now = time.monotonic()
        hit = self._cache.get(client_id)
        if hit is not None and now - hit[0] < self.CACHE_SECONDS:
            return hit[1]
        with self._database.read() as session:
            row = session.scalars(select(Client).where(Client.client_id == client_id, Client.active.is_(True))).first()
        client = registered(row) if row is not None else None
        if len(self._cache) > 10000:  # unknown ids must not fill the memory
            self._cache.clear()
        self._cache[client_id] = (now, client)
        return client

    def forget(self, client_id: str) -> None:
        """After a change of this client's row."""
        self._cache.pop(client_id, None)


def registered(row: Client) -> RegisteredClient:
    """The protocol's view of a row."""
    return RegisteredClient(
        client_id=row.client_id,
        metadata=orjson.loads(row.metadata_json),
        secret_digest=row.secret_digest,
        sector=row.sector,
        skip_consent=row.skip_consent,
        event_source=row.event_source,
        may_use_local_numbers=row.may_use_local_numbers,
        sector_proven=row.sector_proof != SectorProof.UNPROVEN.value,
        secret_sealed=row.secret_sealed,
        fapi_profile=row.fapi_profile,
        old_secret=(row.old_secret_digest, row.old_secret_ends_at.timestamp())
        if row.old_secret_digest is not None and row.old_secret_ends_at is not None
        else None,
        either_secret_method=row.either_secret_method,
        logo_digest=row.logo_digest,
    )


def clients_by_id(session: Session, client_ids: list[str]) -> dict[str, RegisteredClient]:
    """Several at once, for lists; ended ones too, since history names them."""
    rows = session.scalars(select(Client).where(Client.client_id.in_(client_ids)))
    return {row.client_id: registered(row) for row in rows}
