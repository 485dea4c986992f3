"""Resource indicators (RFC 8707) for other departments' APIs: named when the resident is asked, and consented to.

At the token endpoint it is one department at a time, by a token that only its API can look into (`reference_tokens`).
"""

from __future__ import annotations

from typing import Any

import orjson

from ...foundation.database import from_ms
from ...foundation.settings import Settings
from ..clients import SCOPES, RegisteredClient, scope_error
from ..errors import OAuth2Error
from ..policy import load_policy, resource_owner
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


def check_target(settings: Settings, granted: str | None, scope: str, wanted: str | None) -> None:
    """A token request may name a part of what was granted (RFC 8707 §2.2). Raises `InvalidTargetError`, before anything is used up."""
    if wanted is None:
        return
    allowed = granted.split() if granted else audience_for(settings, set(scope.split()), None)
    if not set(wanted.split()) <= set(allowed):
        raise InvalidTargetError("This resource was not part of the authorization.")


def own_target(settings: Settings, grant: GrantFacts, wanted: str | None) -> bool:
    """Whether the token is for us: the first of the named resources decides, since departments never share a token."""
    target = (wanted or grant.resource or userinfo_audience(settings)).split()
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
    apis = departments_apis(op.parts.settings, wanted or grant.resource)
    with op.parts.database.write() as session:
        owner = resource_owner(session, apis[0])
        if owner is None or op.clients.get(owner.client_id) is None:
            raise InvalidTargetError("This resource is not there any more.")
        same = [
            api for api in apis if (o := resource_owner(session, api)) is not None and o.client_id == owner.client_id
        ]
        known = {
            s for api in same if (o := resource_owner(session, api)) is not None for s in orjson.loads(o.scopes_json)
        }
        part = " ".join(s for s in scope.split() if s in known)
        if not part:
            raise scope_error(scope.split(), "None of these scopes is for this resource")
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


def _details_for(rich: str | None, apis: list[str]) -> str | None:
    """Authorization details whose `locations` name one of these APIs (RFC 9396 §2.2)."""
    entries: list[Any] = orjson.loads(rich or "{}").get("authorization_details", [])
    here = [e for e in entries if set(e.get("locations") or ()) & set(apis)]
    return orjson.dumps(here).decode() if here else None
