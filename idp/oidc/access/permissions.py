"""What apps may do beyond seeing attributes, in the words of the consent page: other departments' APIs, authorization details."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ...foundation import clock
from ..clients import clients_by_id
from ..grants.model import Grant
from ..policy import load_policy
from ..policy.model import ResourceIndicator
from ..resources import DETAILS_PARAMETER, consent_items, sentence

LANGUAGES = ("ja", "en")


@dataclass
class Permissions:
    """`sentences` by language. `earlier`: agreed to before, and what exactly is not kept any more."""

    sentences: list[dict[str, str]] = field(default_factory=list)
    earlier: int = 0


@dataclass
class _Held:
    """What one app holds: standing consent and live grants together. `details` by its consent item."""

    agreed: frozenset[str] = frozenset()
    items: set[str] = field(default_factory=set)
    details: dict[str, str] = field(default_factory=dict)

    @property
    def apis(self) -> set[str]:
        return {item.removeprefix("resource:") for item in self.items if item.startswith("resource:")}


def permissions_of(
    session: Session, resident_id: str, consents: Mapping[str, frozenset[str]]
) -> dict[str, Permissions]:
    """By client; `consents` are the items of the standing ones. Four queries, and one an app that has details."""
    held = {client_id: _Held(items, set(items)) for client_id, items in consents.items()}
    _add_grants(session, resident_id, held)
    found: dict[str, Permissions] = {client_id: Permissions() for client_id in held}
    _say_apis(session, held, found)
    for client_id, app in held.items():
        if app.details:
            policy = load_policy(session, client_id)
            entries = [orjson.loads(entry) for entry in app.details.values()]
            found[client_id].sentences += [{lang: sentence(policy, e, lang) for lang in LANGUAGES} for e in entries]
        named = {item for item in app.agreed if item.startswith("details:")}
        found[client_id].earlier = len(named - set(app.details))
    return found


def _add_grants(session: Session, resident_id: str, held: dict[str, _Held]) -> None:
    """Grants name what a consent item is a digest of, and what an app got that needs no consent."""
    rows = session.scalars(
        select(Grant)
        .where(Grant.resident_id == resident_id, or_(Grant.resource.is_not(None), Grant.rich.is_not(None)))
        .order_by(Grant.created_at)
    )
    for grant in rows:
        live = grant.revoked_at is None and grant.expires_at > clock.now()
        if grant.client_id not in held and not live:
            continue
        app = held.setdefault(grant.client_id, _Held())
        if live and grant.resource:
            app.items |= {*grant.scope.split(), *(f"resource:{api}" for api in grant.resource.split())}
        for entry in orjson.loads(grant.rich or "{}").get(DETAILS_PARAMETER, []):
            text = orjson.dumps([entry]).decode()
            (item,) = consent_items(text)
            if live or item in app.agreed:
                app.details[item] = orjson.dumps(entry).decode()


def _say_apis(session: Session, held: Mapping[str, _Held], found: dict[str, Permissions]) -> None:
    apis = {api for app in held.values() for api in app.apis}
    if not apis:
        return
    owners = {
        row.resource: row
        for row in session.scalars(select(ResourceIndicator).where(ResourceIndicator.resource.in_(apis)))
    }
    clients = clients_by_id(session, sorted({row.client_id for row in owners.values()}))
    for client_id, app in held.items():
        for api in sorted(app.apis & set(owners)):
            owner = clients[owners[api].client_id]
            who = {lang: owner.localised("department").get(lang) or owner.name(lang) for lang in LANGUAGES}
            for scope, texts in orjson.loads(owners[api].scopes_json).items():
                said = {lang: f"{texts[lang]} ({who[lang]})" for lang in LANGUAGES}
                if scope in app.items and said not in found[client_id].sentences:
                    found[client_id].sentences.append(said)
