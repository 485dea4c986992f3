"""The reason of a refusal where each side looks for it: the app in the answer, the operator in the log, the city at the desk."""

from __future__ import annotations

from typing import Any

from ...foundation.refusals import EXPECTED, refused


def told(body: dict[str, Any]) -> dict[str, Any]:
    """An OAuth error body, noted as a refusal, with the reference at the end of its description (RFC 6749 §5.2).

    There, since that is what libraries hand to a log; members of our own are lost on the way, and FAPI's plans refuse them.
    """
    error, said = str(body["error"]), str(body.get("error_description") or "")
    said = said or f"{error.replace('_', ' ').capitalize()}."
    if error in EXPECTED:
        return body
    return {**body, "error_description": f"{said} (reference {refused(error, said)})"}
