"""The envelope: CloudEvents 1.0, JSON format, with the sequence extension and, for notices, `expirytime`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from .values import Number


def _any_case(text: str) -> str:
    return "".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in text)


# RFC 2045 §5.1: type and parameter names in any case; JSON between systems is UTF-8 (RFC 8259 §8.1).
_JSON = rf'^{_any_case("application/json")}([ \t]*;[ \t]*{_any_case("charset")}=("{_any_case("utf-8")}"|{_any_case("utf-8")}))?$'
_NAME = re.compile(r"[a-z0-9]{1,20}")
Sequence = Annotated[str, StringConstraints(pattern=r"^[0-9]{20}$")]


class Envelope(BaseModel):
    """Attributes of every event. Further extension attributes are accepted and not kept (CloudEvents §3: lower case)."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    specversion: Literal["1.0"]
    id: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    source: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    subject: Number
    sequence: Sequence
    datacontenttype: Annotated[str, StringConstraints(pattern=_JSON)] = "application/json"
    dataschema: Annotated[str, StringConstraints(max_length=500)] | None = None

    @model_validator(mode="after")
    def check_extensions(self) -> Envelope:
        for name, value in (self.__pydantic_extra__ or {}).items():
            if name == "expirytime":
                raise ValueError("expirytime is for notices only")
            if not _NAME.fullmatch(name):
                raise ValueError("extension attributes have names of 1 to 20 lower-case letters and digits")
            if not _simple(value):
                raise ValueError("extension attributes are strings, booleans or 32-bit integers")
        return self


def _simple(value: Any) -> bool:
    if isinstance(value, (str, bool)):
        return True
    return isinstance(value, int) and -(2**31) <= value < 2**31
