"""The form of the city's policy for an app: rows and picks instead of the JSON that the command line takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..oidc.clients import RegisteredClient, registered
from ..oidc.clients.model import Client
from ..oidc.policy import CityPolicy, PolicyError
from ..oidc.policy.model import ResourceIndicator

EMPTY_ROWS = {"apis": 2, "types": 1}


@dataclass
class Row:
    """One line of a table that the form holds; `problems` stand beside it."""

    name: str = ""
    detail: str = ""
    ja: str = ""
    en: str = ""
    problems: list[PolicyError] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.name or self.detail or self.ja or self.en)


@dataclass(frozen=True)
class Offer:
    """A scope of another department's API. `owner` is None for one that the policy names and nobody has (any more)."""

    api: str
    scope: str
    owner: RegisteredClient | None
    texts: dict[str, str]

    @property
    def value(self) -> str:
        return f"{self.api} {self.scope}"


@dataclass
class PolicyForm:
    """What the form shows and sends. Of `apis`, `name` is the address and `detail` the scope; of `types`, the type and its schema."""

    unified_id_hints: bool = False
    apis: list[Row] = field(default_factory=list)
    types: list[Row] = field(default_factory=list)
    picks: dict[str, list[str]] = field(default_factory=dict)
    problems: dict[str, list[PolicyError]] = field(default_factory=dict)
    """Those that belong to no row, by section."""

    def padded(self, name: str) -> list[Row]:
        """`apis` or `types`, with room for more."""
        return [*getattr(self, name), *(Row() for _ in range(EMPTY_ROWS[name]))]

    @property
    def is_right(self) -> bool:
        return not self.problems and not any(row.problems for row in (*self.apis, *self.types))

    def given(self) -> dict[str, Any]:
        """The policy as `set_policy` takes it."""
        apis: dict[str, dict[str, Any]] = {}
        for row in self.apis:
            apis.setdefault(row.name, {})[row.detail] = {"ja": row.ja, "en": row.en}
        types = {row.name: {"schema": _json(row.detail), "consent": {"ja": row.ja, "en": row.en}} for row in self.types}
        return {
            "unified_id_hints": self.unified_id_hints,
            "resource_indicators": apis,
            "may_request": _by_api(self.picks["may_request"]),
            "may_exchange": _by_api(self.picks["may_exchange"]),
            "authorization_details_types": types,
            "assertions": {"itself": self.picks["itself"], "resident": self.picks["resident"]},
        }

    def place(self, problems: Iterable[PolicyError]) -> None:
        """Put each problem beside its row, or on top of its section."""
        for problem in problems:
            section, *rest = problem.place or ("",)
            rows = {"resource_indicators": self.apis, "authorization_details_types": self.types}.get(section, [])
            beside = [row for row in rows if rest and row.name == rest[0] and _is_about(row, section, rest)]
            for row in beside:
                row.problems.append(problem)
            if not beside:
                self.problems.setdefault(section, []).append(problem)

    def refuse_repeated(self) -> None:
        """One row would take the other's place."""
        for section, rows in (("resource_indicators", self.apis), ("authorization_details_types", self.types)):
            seen: set[tuple[str, str]] = set()
            for row in rows:
                key = (row.name, row.detail if section == "resource_indicators" else "")
                if key in seen:
                    row.problems.append(PolicyError((section, row.name), "is named twice"))
                seen.add(key)


PICKED = ("may_request", "may_exchange", "itself", "resident")


def form_of(policy: CityPolicy) -> PolicyForm:
    """The form for what holds now."""
    apis = [
        Row(api, scope, text.ja, text.en)
        for api, scopes in policy.resource_indicators.items()
        for scope, text in scopes.items()
    ]
    types = [
        Row(name, _pretty(kind.details_schema), kind.consent.ja, kind.consent.en)
        for name, kind in policy.authorization_details_types.items()
    ]
    picks: dict[str, list[str]] = {
        "may_request": _values(policy.may_request),
        "may_exchange": _values(policy.may_exchange),
        "itself": list(policy.assertions.itself),
        "resident": list(policy.assertions.resident),
    }
    return PolicyForm(policy.unified_id_hints, apis, types, picks)


def read_form(form: Any) -> PolicyForm:
    """The form as it was sent; empty rows are none."""
    picks = {name: list(dict.fromkeys(form.getlist(name))) for name in PICKED}
    return PolicyForm(form.get("unified_id_hints") == "true", _rows(form, "api"), _rows(form, "type"), picks)


def offers(session: Session, client_id: str, policy: CityPolicy) -> list[Offer]:
    """Every scope of the other apps' APIs, and those that the policy names although nobody has them."""
    wanted = select(ResourceIndicator, Client).join(Client, Client.client_id == ResourceIndicator.client_id)
    rows = session.execute(wanted.where(Client.client_id != client_id).order_by(ResourceIndicator.resource))
    found = {
        (row.resource, scope): Offer(row.resource, scope, registered(owner), texts)
        for row, owner in rows
        for scope, texts in orjson.loads(row.scopes_json).items()
    }
    for allowed in (policy.may_request, policy.may_exchange):
        for api, scopes in allowed.items():
            for scope in scopes:
                found.setdefault((api, scope), Offer(api, scope, None, {}))
    return list(found.values())


def refuse_unoffered(form: PolicyForm, offered: list[Offer]) -> None:
    """A pick that was not on the page: another app's API that is not there, or this app's own."""
    values = {offer.value for offer in offered}
    for section in ("may_request", "may_exchange"):
        if not set(form.picks[section]) <= values:
            form.problems.setdefault(section, []).append(PolicyError((section,), "is not one of the choices"))


def _is_about(row: Row, section: str, rest: list[str]) -> bool:
    """Of an API's rows, a problem below a scope is that scope's alone."""
    return section != "resource_indicators" or len(rest) == 1 or rest[1] in ("[key]", row.detail)


def _rows(form: Any, prefix: str) -> list[Row]:
    columns = [form.getlist(f"{prefix}_{part}") for part in ("name", "detail", "ja", "en")]
    rows = [Row(*(cell.strip() for cell in cells)) for cells in zip(*columns, strict=False)]
    return [row for row in rows if not row.is_empty]


def _by_api(values: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for value in values:
        api, _, scope = value.partition(" ")
        found.setdefault(api, []).append(scope)
    return found


def _values(allowed: dict[str, tuple[str, ...]]) -> list[str]:
    return [f"{api} {scope}" for api, scopes in allowed.items() for scope in scopes]


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _pretty(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
