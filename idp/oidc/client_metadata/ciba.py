"""Rules between the CIBA members of client metadata (CIBA §4): each problem is (member, rule)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..clients import CIBA

DELIVERY_MODES = ("poll", "ping")


def ciba_problems(metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What does not go together. Nothing for clients without CIBA."""
    if CIBA not in metadata["grant_types"]:
        return
    if metadata["token_endpoint_auth_method"] == "none":
        yield "grant_types", "a public client cannot use CIBA"
    mode = metadata.get("backchannel_token_delivery_mode")
    if mode is None:
        yield "backchannel_token_delivery_mode", f"needed for CIBA: {' or '.join(DELIVERY_MODES)}"
    if mode == "ping" and "backchannel_client_notification_endpoint" not in metadata:
        yield "backchannel_client_notification_endpoint", "needed for ping"
    has_keys = bool((metadata.get("jwks") or {}).get("keys") or metadata.get("jwks_uri"))
    if "backchannel_authentication_request_signing_alg" in metadata and not has_keys:
        yield "jwks", "needed for backchannel_authentication_request_signing_alg"
    if metadata.get("backchannel_user_code_parameter"):
        yield "backchannel_user_code_parameter", "user codes are not in use here"
