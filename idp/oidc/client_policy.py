"""What the city decides about an app's further grants. The app itself can neither register nor see it."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.orm import Session

from ..audit import EventType, record
from ..foundation import clock
from .further_model import ClientPolicy
from .model import Client


class PolicyError(ValueError):
    """The policy cannot be stored; one line that names the member and the rule."""


class CityPolicy(BaseModel):
    """Everything off unless said."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    unified_id_hints: bool = False
    """CIBA: the app may name the resident by their unified ID (an app at the counter), not only by its own `sub`."""


def load_policy(session: Session, client_id: str) -> CityPolicy:
    """What holds for this app now."""
    row = session.get(ClientPolicy, client_id)
    return CityPolicy.model_validate_json(row.policy_json) if row is not None else CityPolicy()


def set_policy(session: Session, client_id: str, given: dict[str, Any], by: str) -> CityPolicy:
    """Put `given` in the place of what held before. Raises `PolicyError`."""
    if session.get(Client, client_id) is None:
        raise PolicyError("no such app")
    try:
        policy = CityPolicy.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise PolicyError(f"{'.'.join(str(p) for p in first['loc'])}: {first['msg']}") from None
    text = orjson.dumps(policy.model_dump(mode="json", exclude_defaults=True)).decode()
    row = session.get(ClientPolicy, client_id)
    if row is None:
        session.add(ClientPolicy(client_id=client_id, policy_json=text, changed_at=clock.now()))
    else:
        row.policy_json, row.changed_at = text, clock.now()
    record(session, EventType.CLIENT_POLICY_SET, client_id=client_id, by=by)
    return policy
