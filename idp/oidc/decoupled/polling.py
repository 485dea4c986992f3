"""An app that polls for what a resident answers elsewhere, by the device flow or CIBA: what it asks and what it gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..flows import ClientRequest, ListedGrant
from ..storage import GrantFacts
from ..token_endpoint import grant_answer


@dataclass
class PollingRequest(ClientRequest):
    """One poll; the last check fills in the grant, once the resident has agreed."""

    grant: GrantFacts = field(init=False)
    refresh_token: str | None = None


class PollingGrant(ListedGrant):
    """The response to the last poll."""

    def token_response(self, asked: PollingRequest) -> dict[str, Any]:
        """OIDC Core §3.1.3.3."""
        return grant_answer(asked.client, asked.grant, asked.refresh_token, resource=asked.form.get("resource"))
