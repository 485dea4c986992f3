"""What RFC 9396 and Grant Management add to an authorization request, its code, and the tokens made from it."""

from __future__ import annotations

from typing import Any

import orjson

from ..clients import RegisteredClient
from ..grants import check_management
from ..server import Provider
from .rich_authorization import DETAILS_PARAMETER, InvalidDetailsError, parse_details

_MANAGEMENT = ("grant_management_action", "grant_id")


def check_rich(op: Provider, client: RegisteredClient, parameters: dict[str, str]) -> str | None:
    """Check the parameters if they are there; the authorization details as canonical JSON. Raises an `OAuth2Error`."""
    if any(name in parameters for name in _MANAGEMENT):
        check_management(op, client, parameters)
    return (
        parse_details(op, client.client_id, parameters[DETAILS_PARAMETER]) if DETAILS_PARAMETER in parameters else None
    )


def token_members(rich: str) -> dict[str, Any]:
    """Members of the token response (RFC 9396 §7, Grant Management §5)."""
    loaded = orjson.loads(rich)
    members = introspection_members(rich)
    return members | ({"grant_id": loaded["grant_management"]["id"]} if "grant_management" in loaded else {})


def introspection_members(rich: str | None) -> dict[str, Any]:
    """RFC 9396 §9.2."""
    details = orjson.loads(rich or "{}").get(DETAILS_PARAMETER)
    return {DETAILS_PARAMETER: details} if details else {}


def reject_details_here(form: dict[str, str]) -> None:
    """At the token endpoint: what was consented to is given whole; asking for a part (RFC 9396 §6) is not supported, nor ignored."""
    if DETAILS_PARAMETER in form:
        raise InvalidDetailsError("authorization_details is taken at the authorization endpoint only.")
