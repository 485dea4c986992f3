"""Dynamic plan, refresh-token-rp-key-rotation: last, because the provider reads an address at most every 30 s."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.support.core_site import CoreSite
from tests.support.waiting import until


@pytest.mark.timeout(90)
def test_oidcc_refresh_token_rp_key_rotation(site: CoreSite) -> None:
    """The client publishes a new key in the place of the old: the new one is taken, and the old one no longer."""
    client, tokens = site.rotating, site.rotating_tokens
    assert client is not None
    assert tokens is not None
    old, new = client.private, ECKey.generate_key("P-256", {"kid": "new", "use": "sig"})
    site.publish("rotating", {"keys": [new.as_dict(private=False)]})
    client.private = new

    def refreshed() -> dict[str, Any]:
        found = client.refresh(tokens["refresh_token"])
        return found.json() if found.status_code == 200 else {}

    answer = until(refreshed, 45)
    assert client.open(answer["id_token"])["aud"] == client.client_id
    client.private = old
    assert client.refresh(answer["refresh_token"]).json()["error"] == "invalid_client"
