"""What an app reads of a refusal."""

from __future__ import annotations

import re
from typing import Any

_ENDED = re.compile(r"(.*?) ?\(reference ([0-9A-Z]{10})\)")


def reason(body: Any) -> str:
    """The description of an OAuth error; it must end with a reference."""
    found = _ENDED.fullmatch(body["error_description"])
    assert found is not None, body
    return found[1]


def reference(body: Any) -> str:
    found = _ENDED.fullmatch(body["error_description"])
    assert found is not None, body
    return found[2]
