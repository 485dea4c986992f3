"""Apps with access, as the resident sees and ends them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ...foundation.context import parts
from ...foundation.untrusted_text import linkable_url
from ...residents import subjects
from ..authorization import requested_claims
from ..claims import LABELS, told
from ..clients import RegisteredClient, clients_by_id
from ..clients.model import Client
from ..grants.model import Consent, Grant
from ..logos import logo_path
from .permissions import Permissions, permissions_of


@dataclass(frozen=True)
class ClientLabel:
    """What a client is called; `initiate_login_uri` starts it signed in (OIDC Core §4)."""

    name: dict[str, str]
    department: dict[str, str]
    initiate_login_uri: str | None


@dataclass(frozen=True)
class AppAccess:
    """One app: what it gets (`shared`: English msgids of the labels), what it may do, since when, and when it last used it."""

    client_id: str
    name: dict[str, str]
    department: dict[str, str]
    scopes: list[str]
    shared: list[str]
    permissions: Permissions
    granted_at: datetime
    last_used_at: datetime | None
    start_uri: str | None
    logo: str | None = None
    """Where our copy of its picture is."""


def label_of(client: RegisteredClient) -> ClientLabel:
    names = client.localised("client_name")
    return ClientLabel(names, client.localised("department") or names, start_uri(parts().settings.issuer, client))


def start_uri(issuer: str, client: RegisteredClient) -> str | None:
    """A link that starts the app signed in (OIDC Core §4): with `iss`, and the app's own page as `target_link_uri` if it has one."""
    uri, home = (linkable_url(client.metadata.get(name)) for name in ("initiate_login_uri", "client_uri"))
    if uri is None:
        return None
    values = {"iss": issuer}
    if home is not None and urlsplit(home)[:2] == urlsplit(uri)[:2]:
        values["target_link_uri"] = home
    return f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode(values)}"


def client_labels(session: Session, client_ids: list[str]) -> dict[str, ClientLabel]:
    """Names for lists, all in one query."""
    return {client_id: label_of(client) for client_id, client in clients_by_id(session, client_ids).items()}


def apps_with_access(session: Session, resident_id: str) -> list[AppAccess]:
    """Apps with a standing consent or a live grant, by name. The number of queries grows only with apps that have details."""
    consents = {
        row.client_id: row
        for row in session.scalars(
            select(Consent).where(Consent.resident_id == resident_id, Consent.ended_at.is_(None))
        )
    }
    grants = {
        client_id: (first, last)
        for client_id, first, last in session.execute(
            select(Grant.client_id, func.min(Grant.created_at), func.max(Grant.created_at))
            .where(Grant.resident_id == resident_id, Grant.revoked_at.is_(None))
            .group_by(Grant.client_id)
        )
    }
    clients = clients_by_id(session, sorted({*consents, *grants}))
    agreed = {client_id: frozenset(row.scope.split()) for client_id, row in consents.items()}
    permissions = permissions_of(session, resident_id, agreed)
    found = []
    for client_id, client in clients.items():
        consent, used = consents.get(client_id), grants.get(client_id)
        items = consent.scope.split() if consent is not None else []
        label = label_of(client)
        since = consent.granted_at if consent is not None else used[0] if used is not None else None
        if since is None:
            continue
        found.append(
            AppAccess(
                client_id=client_id,
                name=label.name,
                department=label.department,
                scopes=[i for i in items if not i.startswith(("claim:", "details:", "resource:"))],
                shared=[LABELS[name]._args[0] for name in told(requested_claims(items))],
                permissions=permissions.get(client_id, Permissions()),
                granted_at=since,
                last_used_at=used[1] if used is not None else None,
                start_uri=label.initiate_login_uri,
                logo=logo_path(client),
            )
        )
    return sorted(found, key=lambda app: app.name.get("ja", app.client_id))


def resolve_subject(session: Session, client_id: str, sub: str) -> str | None:
    """The resident behind a client's own `sub`; another sector's `sub` is unknown."""
    sector = session.scalar(select(Client.sector).where(Client.client_id == client_id))
    return subjects.resident_of(session, sub, sector) if sector is not None else None
