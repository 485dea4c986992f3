"""Variables that are no settings: a misspelt one would leave a default in force that its operator believes changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

PREFIX = "MACHI_"
# What Kubernetes gives every container for a Service named `machi` or `machi-…` (kubernetes.io, "Environment variables"), and
# container links before it. It names no setting, whoever deploys may not know of it, and only its numbers differ.
_SERVICE_LINK = re.compile(
    r"MACHI_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
# Said by a process of ours to the ones it starts (machi_id/serve.py), not by an operator.
_BETWEEN_PROCESSES = frozenset({"BODY_READERS", "DRAIN_MARK"})
_SERVICE_ADDRESS = re.compile(r"(?:tcp|udp|sctp)://\S+")


def check_names(environ: Mapping[str, str], known: Iterable[str]) -> None:
    """Raises ValueError that names the first `MACHI_*` variable of `environ` that is not in `known` (without `MACHI_`)."""
    settings = sorted(known)
    passed = _BETWEEN_PROCESSES.union(settings)
    for variable, value in sorted(environ.items()):
        name = variable.upper()  # read without regard to case, as pydantic-settings does
        bare = name.removeprefix(PREFIX)
        if bare == name or bare in passed or _is_service_link(name, value):
            continue
        nearest = get_close_matches(bare, settings, 1)
        hint = f"did you mean {PREFIX}{nearest[0]}?" if nearest else "docs/settings.md has all settings"
        raise ValueError(f"{variable}: there is no such setting; {hint}")


def _is_service_link(name: str, value: str) -> bool:
    return bool(_SERVICE_LINK.fullmatch(name) or (name.endswith("_PORT") and _SERVICE_ADDRESS.fullmatch(value)))
