"""The form of an app: one field for every metadata member that registration checks, of the kind its check says."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import orjson

from ..foundation.settings import Settings
from ..oidc.client_metadata import metadata as rules
from ..oidc.clients import SCOPES
from ..oidc.published import document
from .metadata_texts import SECTIONS, TEXTS

_KINDS = {
    "_boolean": "boolean",
    "_seconds": "seconds",
    "_scope": "scopes",
    "_texts": "lines",
    "_request_addresses": "lines",
    "_text": "text",
    "_web_address": "text",
    "_one_of.<locals>.check": "choice",
    "_some_of.<locals>.check": "choices",
}


LOCALISED = ("client_name", "department", "purpose")
# A statement is what an app brings to registration, not what the city writes.
NOT_HERE = {"software_statement"}


# Members whose allowed values depend on the settings.
OPENED = ("grant_types", "response_types")


@dataclass(frozen=True)
class MetadataField:
    """One field. `kind`: text lines boolean seconds scopes choice choices json; `tag`: language of a text people read."""

    name: str
    kind: str
    options: tuple[str, ...] = ()
    tag: str = ""

    @property
    def base(self) -> str:
        return self.name.partition("#")[0]

    @property
    def label(self) -> str:
        return str(TEXTS[self.base][0]) if self.base in TEXTS else self.base

    @property
    def help(self) -> str:
        return str(TEXTS[self.base][1]) if self.base in TEXTS else ""

    def read(self, form: Any) -> Any:
        """The value as registration takes it; None when nothing is said."""
        if self.kind in ("choices", "scopes"):
            chosen = [v for v in form.getlist(self.name) if v]
            return (" ".join(chosen) if self.kind == "scopes" else chosen) or None
        text = form.get(self.name, "").strip()
        if not text:
            return None
        if self.kind == "lines":
            return text.split()
        if self.kind == "boolean":
            return {"true": True, "false": False}.get(text, text)
        if self.kind == "seconds":
            return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else text
        return _json(text) if self.kind == "json" else text

    def show(self, value: Any) -> Any:
        """The value as the field shows it: a text, or the list of what is chosen."""
        if self.kind in ("choices", "scopes"):
            return value.split() if isinstance(value, str) else list(value or ())
        if value is None:
            return ""
        if self.kind == "lines" and isinstance(value, list):
            return "\n".join(str(v) for v in value)
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def metadata_fields(settings: Settings) -> dict[str, list[MetadataField]]:
    """Fields by section, in the order people think; what registration learns to check later stands in the last one."""
    known = rules._CHECKS
    placed = {name for _, names in SECTIONS for name in names}
    further = [name for name in known if name not in placed | NOT_HERE]
    found: dict[str, list[MetadataField]] = {}
    for section, names in [*SECTIONS, ("further", further)]:
        rows = [member for name in names if name in known for member in _fields(settings, name)]
        if rows:
            found[section] = rows
    return found


def read_form(settings: Settings, form: Any, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """Metadata from the form over `before`; members the form does not show (other languages) stay."""
    given = dict(before or {})
    for fields in metadata_fields(settings).values():
        for member in fields:
            given.pop(member.name, None)
            if (value := member.read(form)) is not None:
                given[member.name] = value
    for base in LOCALISED:  # the plain member is what a language without a text of its own falls back to
        given.pop(base, None)
        if plain := given.get(f"{base}#ja") or given.get(f"{base}#en"):
            given[base] = plain
    return given


def _fields(settings: Settings, name: str) -> list[MetadataField]:
    check = rules._CHECKS[name]
    kind = _KINDS.get(check.__qualname__, "json")
    supported = document(settings).get(f"{name}_supported", ())  # what the installation's settings open
    options = (
        tuple(supported)
        if name in OPENED
        else tuple(inspect.getclosurevars(check).nonlocals.get("allowed", ()))
        if "choice" in kind
        else ()
    )
    if name in OPENED:
        kind = "choices"
    if kind == "scopes":
        options = SCOPES
    if name in LOCALISED:
        return [MetadataField(f"{name}#{tag}", kind, tag=tag) for tag in ("ja", "en")]
    return [MetadataField(name, kind, options)]


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
