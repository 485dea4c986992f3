"""Authorization codes, opened and sealed again with the town's own key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from idp.oidc.server.provider import provider
from idp.oidc.tokens.codes import Code, give_code, open_code

from .town import Town


def opened(town: Town, client_id: str, code: str) -> Code:
    """What a code stands for."""
    found = open_code(provider(town.app), client_id, code)
    assert found is not None
    return found


def changed(town: Town, client_id: str, code: str, **values: Any) -> str:
    """The same code for another grant: what only the provider itself could make."""
    before = opened(town, client_id, code)
    return give_code(provider(town.app), replace(before, grant=replace(before.grant, **values)))
