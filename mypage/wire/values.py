"""Values inside events. Each is checked and has its JSON Schema, so that what is published is what is enforced."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from idp.front.web import linkable_url

_MOMENT = (
    r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
_DAY = r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}$"
_LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$"
_URL = r"^https?://[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]{1,5})?([/?#][^\s\\]*)?$"
_moment, _day, _language = re.compile(_MOMENT), re.compile(_DAY), re.compile(_LANGUAGE)


TAKEN_BEFORE = {"taken_before": True}
"""Context of a validation: the event came in under earlier rules and was answered. What the door learned since is not asked."""


class Part(BaseModel):
    """A JSON object of ours: no member that is not described, no silent conversion."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    says_by_null: ClassVar[frozenset[str]] = frozenset()
    """Members for which null is another word than their absence."""


def _parse_moment(value: Any) -> Any:
    if not isinstance(value, str) or not _moment.fullmatch(value):
        raise ValueError("must be a date and time with a zone, as in RFC 3339")
    return datetime.fromisoformat(value.upper())


def _parse_day(value: Any) -> Any:
    if not isinstance(value, str) or not _day.fullmatch(value):
        raise ValueError("must be a date, YYYY-MM-DD")
    return date.fromisoformat(value)


Moment = Annotated[
    datetime,
    BeforeValidator(_parse_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _MOMENT}),
]
"""RFC 3339 with a zone, years 1900 to 2199."""

Day = Annotated[
    date, BeforeValidator(_parse_day), WithJsonSchema({"type": "string", "format": "date", "pattern": _DAY})
]
"""A calendar day in the city, `YYYY-MM-DD`."""


def _check_url(value: str, info: ValidationInfo) -> str:
    if info.context is not TAKEN_BEFORE and linkable_url(value) is None:
        raise ValueError("must be an http(s) address whose host is a name in ASCII, without user information")
    return value


Url = Annotated[
    str,
    StringConstraints(max_length=2000),
    AfterValidator(_check_url),
    WithJsonSchema({"type": "string", "maxLength": 2000, "pattern": _URL}),
]
"""An http(s) link without user information."""

ActionKind = Literal["form", "upload", "pay", "book", "reply", "visit"]
"""What a resident is asked to do."""

Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""A department's own short code."""

Number = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""A department's own number of a case, notice or task."""


def _check_languages(value: dict[str, str]) -> dict[str, str]:
    if len(value) > 20:
        raise ValueError("must not have more than 20 languages")
    if "ja" not in value:
        raise ValueError("must have Japanese (ja)")
    for tag, text in value.items():
        if not _language.fullmatch(tag):
            raise ValueError("keys must be language tags")
        if not text.strip():
            raise ValueError("must not be empty in any language")
    return value


def _languages(longest: int) -> Any:
    return WithJsonSchema(
        {
            "type": "object",
            "required": ["ja"],
            "propertyNames": {"pattern": _LANGUAGE},
            "additionalProperties": {"type": "string", "maxLength": longest, "pattern": r"\S"},
            "maxProperties": 20,
        }
    )


_Short = Annotated[str, StringConstraints(max_length=200)]
_Long = Annotated[str, StringConstraints(max_length=10_000)]

ShortText = Annotated[dict[str, _Short], AfterValidator(_check_languages), _languages(200)]
"""A title or label by language, `ja` required, at most 200 characters each."""

LongText = Annotated[dict[str, _Long], AfterValidator(_check_languages), _languages(10_000)]
"""A body by language, `ja` required, at most 10,000 characters each."""
