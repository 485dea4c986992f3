"""Rich authorization requests (RFC 9396): what an app wants to do, as structured data of a type that the city described for it.

Each type has a schema and a sentence for residents. Every new thing is consented to, also by apps that need no consent otherwise.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from ..errors import OAuth2Error
from ..policy import CityPolicy, load_policy, schema_problem
from ..server import Provider

DETAILS_PARAMETER = "authorization_details"
MAX_ENTRIES = 10


class InvalidDetailsError(OAuth2Error):
    """RFC 9396 §5."""

    error = "invalid_authorization_details"


def parse_details(op: Provider, client_id: str, text: str) -> str:
    """The parameter, checked against the client's types, as canonical JSON. Raises `InvalidDetailsError`."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InvalidDetailsError("authorization_details is not JSON.") from None
    if not isinstance(found, list) or not 0 < len(found) <= MAX_ENTRIES:
        raise InvalidDetailsError(f"authorization_details is not a list of 1 to {MAX_ENTRIES} objects.")
    with op.parts.database.read() as session:
        policy = load_policy(session, client_id)
    for entry in found:
        _check(policy, entry)
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()


def _check(policy: CityPolicy, entry: Any) -> None:
    kind = entry.get("type") if isinstance(entry, dict) else None
    described = policy.authorization_details_types.get(kind) if isinstance(kind, str) else None
    if described is None:
        raise InvalidDetailsError("A type in authorization_details is not one of this client's.")
    if wrong := schema_problem(described.details_schema, {k: v for k, v in entry.items() if k != "type"}):
        wrong = "".join(c for c in wrong if c.isascii() and c.isprintable() and c not in '"\\')
        raise InvalidDetailsError(f"authorization_details: {wrong}.")


def consent_items(details: str) -> set[str]:
    """One item for each entry: what a standing consent must cover."""
    return {
        "details:" + hashlib.sha256(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)).hexdigest()[:40]
        for entry in orjson.loads(details)
    }


def sentences(op: Provider, client_id: str, details: str, language: str) -> list[str]:
    """What the consent page says, one sentence an entry; ``{name}`` in the city's text becomes the entry's value.

    What the text does not name is added behind it: nothing is agreed to unseen.
    """
    with op.parts.database.read() as session:
        policy = load_policy(session, client_id)
    return [sentence(policy, entry, language) for entry in orjson.loads(details)]


def sentence(policy: CityPolicy, entry: dict[str, Any], language: str) -> str:
    """One of them; of a type that the city has taken away meanwhile, its name."""
    described = policy.authorization_details_types.get(entry["type"])
    text: str = getattr(described.consent, language) if described is not None else entry["type"]
    unsaid = []
    for name, value in entry.items():
        if "{" + name + "}" in text:
            text = text.replace("{" + name + "}", _shown(value))
        elif name not in ("type", "locations"):
            unsaid.append(f"{name}: {_shown(value)}")
    return f"{text} ({', '.join(unsaid)})" if unsaid else text


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "、".join(_shown(v) for v in value)
    return str(value) if isinstance(value, str | int | float) else orjson.dumps(value).decode()
