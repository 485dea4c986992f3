"""Resource indicators (RFC 8707) for other departments' APIs: named when the resident is asked, and consented to.

At the token endpoint it is one department at a time, by a token that only its API can look into (`reference_tokens`).
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.orm import Session

from ...foundation.database import from_ms
from ...foundation.settings import Settings
from ..clients import SCOPES, RegisteredClient, scope_error
from ..errors import OAuth2Error
from ..policy import load_policy, resource_owner
from ..policy.model import ResourceIndicator
from ..server import Provider
from ..storage import GrantFacts
from ..tokens import api_audience, reference_tokens, userinfo_audience
from .resources import InvalidTargetError, audience_for

MAX_RESOURCES = 10


def departments_apis(settings: Settings, resource: str | None) -> tuple[str, ...]:
    """Those of the named resources that are not ours."""
    ours = {api_audience(settings), userinfo_audience(settings)}
    return tuple(dict.fromkeys(r for r in (resource or "").split() if r not in ours))


def with_api_scopes(op: Provider, client: RegisteredClient, parameters: dict[str, str], scope: str) -> str:
    """The scope of a request to a resident, with what it asks of departments' APIs. Raises an `OAuth2Error`."""
    apis = departments_apis(op.parts.settings, parameters.get("resource"))
    if not apis:
        return scope
    if len(apis) > MAX_RESOURCES:
        raise InvalidTargetError("Too many resources.")
    wanted = dict.fromkeys(parameters.get("scope", "").split())
    found: dict[str, None] = {}
    with op.parts.database.read() as session:
        allowed = load_policy(session, client.client_id).may_request
        for api in apis:
            owner = resource_owner(session, api)
            if owner is None or api not in allowed or op.clients.get(owner.client_id) is None:
                raise InvalidTargetError("The client may not ask for this resource.")
            known = orjson.loads(owner.scopes_json)
            here = [s for s in wanted if s in allowed[api] and s in known]
            if not here:
                raise scope_error(wanted, f"None of these is a scope that the client may have at {api}")
            found |= dict.fromkeys(here)
    return " ".join([*scope.split(), *found])


def still_allowed(op: Provider, client: RegisteredClient, resource: str | None, scope: str) -> bool:
    """Whether a request that waited for the resident could still be made as it was."""
    try:
        with_api_scopes(op, client, {"resource": resource or "", "scope": scope}, scope)
    except OAuth2Error:
        return False
    return True


def api_sentences(op: Provider, apis: tuple[str, ...], scope: str, language: str) -> list[str]:
    """What the page that asks says about the departments' APIs in a request."""
    scopes = scope.split()
    found = []
    with op.parts.database.read() as session:
        for api in apis:
            owner = resource_owner(session, api)
            client = op.clients.get(owner.client_id) if owner is not None else None
            if owner is None or client is None:
                continue
            who = client.localised("department").get(language) or client.name(language)
            texts = orjson.loads(owner.scopes_json)
            found += [f"{texts[s][language]} ({who})" for s in scopes if s in texts]
    return found


@dataclass(frozen=True)
class TargetPart:
    """What a token request names of what was granted (RFC 8707 §2.2, RFC 6749 §6); without anything it is all of it."""

    resource: str | None = None
    scope: str | None = None


def check_part(op: Provider, granted: str | None, scope: str, part: TargetPart, session: Session | None = None) -> None:
    """There can be a token for `part` of the resources `granted` and `scope`. Raises what `department_token` would, and
    `InvalidTargetError`, before anything is used up. `session`: of the transaction that this is in, if it is in one.
    """
    settings = op.parts.settings
    if part.resource is not None:
        allowed = granted.split() if granted else audience_for(settings, set(scope.split()), None)
        if not set(part.resource.split()) <= set(allowed):
            raise InvalidTargetError("This resource was not part of the authorization.")
    if not own_target(settings, granted, part.resource):
        with op.parts.database.read() if session is None else nullcontext(session) as reading:
            _department_part(op, reading, part.scope or scope, part.resource or granted)


def own_target(settings: Settings, granted: str | None, wanted: str | None) -> bool:
    """Whether the token is for us: the first of the named resources decides, since departments never share a token."""
    target = (wanted or granted or userinfo_audience(settings)).split()
    return not departments_apis(settings, target[0])


def own_part(settings: Settings, grant: GrantFacts, scope: str, wanted: str | None) -> tuple[str, list[str]]:
    """Scope and audience of a token for us."""
    scopes = [s for s in scope.split() if s in SCOPES]
    apis = departments_apis(settings, wanted or grant.resource)
    ours = " ".join(r for r in (wanted or grant.resource or "").split() if r not in apis)
    return " ".join(scopes), audience_for(settings, set(scopes), ours or None)


def department_token(
    op: Provider, client: RegisteredClient, grant: GrantFacts, scope: str, wanted: str | None
) -> tuple[str, int, str]:
    """`(token, seconds, scope)` for the API of the first department that is named. Raises an `OAuth2Error`."""
    with op.parts.database.write() as session:
        owner, same, part = _department_part(op, session, scope, wanted or grant.resource)
        made = reference_tokens.make(
            session,
            client_id=client.client_id,
            owner=owner,
            grant_id=grant.grant_id,
            resident_id=grant.resident_id,
            scope=part,
            expires_at=from_ms(grant.expires_at),
            resources=same,
            details=_details_for(grant.rich, same),
        )
    return made.token, made.seconds, part


def _department_part(
    op: Provider, session: Session, scope: str, resource: str | None
) -> tuple[ResourceIndicator, list[str], str]:
    """The first department that is named, those of its APIs that are, and the part of `scope` that is for them."""
    apis = departments_apis(op.parts.settings, resource)
    owner = resource_owner(session, apis[0])
    if owner is None or op.clients.get(owner.client_id) is None:
        raise InvalidTargetError("This resource is not there any more.")
    same = {
        api: o for api in apis if (o := resource_owner(session, api)) is not None and o.client_id == owner.client_id
    }
    known = {scope for one in same.values() for scope in orjson.loads(one.scopes_json)}
    part = " ".join(s for s in scope.split() if s in known)
    if not part:
        raise scope_error(scope.split(), "None of these scopes is for this resource")
    return owner, list(same), part


def _details_for(rich: str | None, apis: list[str]) -> str | None:
    """Authorization details whose `locations` name one of these APIs (RFC 9396 §2.2)."""
    entries: list[Any] = orjson.loads(rich or "{}").get("authorization_details", [])
    here = [e for e in entries if set(e.get("locations") or ()) & set(apis)]
    return orjson.dumps(here).decode() if here else None
