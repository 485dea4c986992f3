"""What the city decides about an app's further grants. The app itself can neither register nor see it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import delete
from sqlalchemy.orm import Session

from ...audit import AuditEventType, record
from ...foundation import clock
from ...foundation.context import parts
from ...foundation.untrusted_text import text_problem
from ..clients import SCOPES
from ..clients.model import Client
from .json_schema import check_schema
from .model import ClientPolicy, ResourceIndicator


class PolicyError(ValueError):
    """The policy cannot be stored: where in it, and the rule. `kind` is pydantic's name for the rule, or `value_error`."""

    def __init__(self, place: tuple[str, ...], rule: str, kind: str = "value_error") -> None:
        super().__init__(f"{'.'.join(place)}: {rule}" if place else rule)
        self.place = place
        self.rule = rule
        self.kind = kind


def _check_words(value: str) -> str:
    if rule := text_problem(value):
        raise ValueError(rule)
    return value


Words = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_check_words)]


class Text(BaseModel):
    """A sentence for residents, by language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ja: Words
    en: Words


def _check_resource(value: str) -> str:
    """RFC 8707 §2: an absolute URI without fragment; https, or http on this machine (demos, test suites)."""
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
    if not (parts.scheme == "https" or local) or not parts.hostname or "#" in value or not _URI.fullmatch(value):
        raise ValueError("an https address without fragment is needed")
    return value


def _check_scope(value: str) -> str:
    if value in SCOPES or not re.fullmatch(r"[A-Za-z0-9._:/-]{1,80}", value):
        raise ValueError("not a name for a scope, or one of ours")
    return value


_URI = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]{1,255}")
Resource = Annotated[str, AfterValidator(_check_resource)]
TypeName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]{1,100}$")]
ScopeName = Annotated[str, AfterValidator(_check_scope)]


class AssertionPolicy(BaseModel):
    """Scopes that the app may get with an assertion it signs itself (RFC 7523 §2.1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    itself: tuple[Literal["case:write", "notice:write", "task:write", "message:write"], ...] = ()
    resident: tuple[Literal["openid", "profile", "email", "address", "phone"], ...] = ()


class DetailsType(BaseModel):
    """A type of authorization details (RFC 9396): its schema without `type`, and what the consent page says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    details_schema: dict[str, Any] = Field(alias="schema")
    consent: Text

    @model_validator(mode="after")
    def check_texts(self) -> DetailsType:
        """Everything that is asked for is said: a text must name each required member."""
        check_schema(self.details_schema)
        if self.details_schema["type"] != "object":
            raise ValueError("the schema of a type describes an object")
        required = self.details_schema.get("required", [])
        for text in (self.consent.ja, self.consent.en):
            if missing := [name for name in required if "{" + str(name) + "}" not in text]:
                raise ValueError(f"the consent text does not say {{{missing[0]}}}")
        return self


class CityPolicy(BaseModel):
    """Everything off unless said."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    unified_id_hints: bool = False
    """CIBA: the app may name the resident by their unified ID (an app at the counter), not only by its own `sub`."""
    resource_indicators: dict[Resource, dict[ScopeName, Text]] = Field(default={}, max_length=20)
    """APIs that are this app's own (RFC 8707), each with its scopes and what they mean to a resident."""
    may_request: dict[Resource, tuple[ScopeName, ...]] = Field(default={}, max_length=20)
    """Other departments' APIs that the app may ask the resident for (`resource` at authorize), and the scopes there."""
    may_exchange: dict[Resource, tuple[ScopeName, ...]] = Field(default={}, max_length=20)
    """Other departments' APIs for which the app may exchange a resident's token (RFC 8693), and the scopes it may get there."""
    authorization_details_types: dict[TypeName, DetailsType] = Field(default={}, max_length=20)
    """What the app may ask for by `authorization_details`."""
    assertions: AssertionPolicy = AssertionPolicy()
    """Tokens for an assertion of the app's own: about itself, or about a resident who has shared as much with it before."""


def load_policy(session: Session, client_id: str) -> CityPolicy:
    """What holds for this app now."""
    row = session.get(ClientPolicy, client_id)
    return CityPolicy.model_validate_json(row.policy_json) if row is not None else CityPolicy()


def policy_problems(given: dict[str, Any]) -> list[PolicyError]:
    """Everything that is wrong with `given` in itself."""
    try:
        CityPolicy.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return [
            PolicyError(tuple(str(p) for p in e["loc"]), e["msg"].removeprefix("Value error, "), e["type"])
            for e in found
        ]
    return []


def set_policy(session: Session, client_id: str, given: dict[str, Any], by: str) -> CityPolicy:
    """Put `given` in the place of what held before. Raises `PolicyError`."""
    if session.get(Client, client_id) is None:
        raise PolicyError((), "no such app")
    for problem in policy_problems(given):
        raise problem
    policy = CityPolicy.model_validate(given)
    text = orjson.dumps(policy.model_dump(mode="json", by_alias=True, exclude_defaults=True)).decode()
    row = session.get(ClientPolicy, client_id)
    if row is None:
        session.add(ClientPolicy(client_id=client_id, policy_json=text, changed_at=clock.now()))
    else:
        row.policy_json, row.changed_at = text, clock.now()
    _own_resources(session, client_id, policy)
    record(session, AuditEventType.CLIENT_POLICY_SET, client_id=client_id, by=by)
    return policy


def resource_owner(session: Session, resource: str) -> ResourceIndicator | None:
    """Whose API this is, if it is a department's."""
    return session.get(ResourceIndicator, resource)


def _own_resources(session: Session, client_id: str, policy: CityPolicy) -> None:
    """An API belongs to one app. Raises `PolicyError` if it is another's."""
    session.execute(delete(ResourceIndicator).where(ResourceIndicator.client_id == client_id))
    for resource, scopes in policy.resource_indicators.items():
        if resource == parts().settings.issuer or resource.startswith(f"{parts().settings.issuer}/"):
            raise PolicyError(("resource_indicators", resource), "is the provider's")
        if session.get(ResourceIndicator, resource) is not None:
            raise PolicyError(("resource_indicators", resource), "is another app's")
        texts = {scope: text.model_dump() for scope, text in scopes.items()}
        session.add(ResourceIndicator(resource=resource, client_id=client_id, scopes_json=orjson.dumps(texts).decode()))
