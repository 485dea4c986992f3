"""A small part of JSON Schema (2020-12), enough to describe authorization details. A keyword we do not know is refused when the schema
is set, so that nothing is ever believed to be checked that is not.
"""

from __future__ import annotations

import re
from typing import Any

_KEYWORDS = {
    "type", "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "enum", "const",
    "minLength", "maxLength", "pattern", "minimum", "maximum", "title", "description",
}  # fmt: skip
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
# Python's engine can be made to run for ages by nested repetition; what a code or number looks like needs none.
_SLOW = re.compile(r"[*+?}]\)?[*+{]|\([^)]*[*+{|]|\\[1-9]|\(\?")


class SchemaError(ValueError):
    """The schema itself cannot be used."""


def check_schema(schema: Any, depth: int = 0) -> None:
    """Raise `SchemaError` unless every part is one we check."""
    if not isinstance(schema, dict) or depth > 5:
        raise SchemaError("a schema is an object, at most five deep")
    if unknown := sorted(set(schema) - _KEYWORDS):
        raise SchemaError(f"unknown keyword {unknown[0]}")
    if schema.get("type") not in _TYPES:
        raise SchemaError(f"type must be one of {', '.join(_TYPES)}")
    if "pattern" in schema:
        _check_pattern(schema["pattern"])
    for name, sort in (("properties", dict), ("required", list), ("enum", list), ("additionalProperties", bool)):
        if not isinstance(schema.get(name, sort()), sort):
            raise SchemaError(f"{name} has a wrong type")
    for name in ("minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum"):
        if isinstance(schema.get(name, 0), bool) or not isinstance(schema.get(name, 0), int | float):
            raise SchemaError(f"{name} must be a number")
    for part in (*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])):
        check_schema(part, depth + 1)


def schema_problem(schema: dict[str, Any], value: Any, where: str = "") -> str | None:
    """What is wrong with `value`, in words for a developer; None if nothing is. Members nobody described are refused."""
    kind = schema["type"]
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return f"{where or 'it'} must be of type {kind}"
    if ("enum" in schema and value not in schema["enum"]) or ("const" in schema and value != schema["const"]):
        return f"{where or 'it'} has a value that is not allowed"
    if isinstance(value, dict):
        return _object_problem(schema, value, where)
    if isinstance(value, list):
        return _list_problem(schema, value, where)
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 500):
            return f"{where} has a length that is not allowed"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            return f"{where} does not have the right form"
    elif not isinstance(value, bool) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return f"{where} is too small or too large"
    return None


def _object_problem(schema: dict[str, Any], value: dict[str, Any], where: str) -> str | None:
    known = schema.get("properties", {})
    prefix = f"{where}." if where else ""
    if missing := [name for name in schema.get("required", []) if name not in value]:
        return f"{prefix}{missing[0]} is missing"
    if not schema.get("additionalProperties", False) and (unknown := [name for name in value if name not in known]):
        return f"{prefix}{unknown[0]} is not known"[:120]
    return next(
        (p for name in known if name in value and (p := schema_problem(known[name], value[name], prefix + name))), None
    )


def _list_problem(schema: dict[str, Any], value: list[Any], where: str) -> str | None:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 50):
        return f"{where} has too few or too many entries"
    if "items" not in schema:
        return None
    return next(
        (p for n, entry in enumerate(value) if (p := schema_problem(schema["items"], entry, f"{where}[{n}]"))), None
    )


def _check_pattern(pattern: Any) -> None:
    if not isinstance(pattern, str) or len(pattern) > 200 or _SLOW.search(pattern):
        raise SchemaError("pattern is too long or too complicated")
    try:
        re.compile(pattern)
    except re.error:
        raise SchemaError("pattern is not a regular expression") from None
