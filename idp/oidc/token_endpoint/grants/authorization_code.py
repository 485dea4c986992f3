"""`grant_type=authorization_code` (RFC 6749 §4.1.3, OIDC Core §3.1.3): what a code gives. Its checks are in `code_checks`."""

from __future__ import annotations

from typing import Any

from ...flows import ListedGrant
from ...grants import settle
from ...server import provider
from ..answers import grant_answer
from .code_checks import CHECKS, CodeRequest


class CodeGrant(ListedGrant):
    """Registered with Authlib's server."""

    GRANT_TYPE = CodeRequest.GRANT_TYPE
    ASKED = CodeRequest
    CHECKS = CHECKS

    def token_response(self, asked: CodeRequest) -> dict[str, Any]:
        """OIDC Core §3.1.3.3; with what a managed grant brings along."""
        grant = settle(provider(), asked.grant) if asked.grant.rich is not None else asked.grant
        return grant_answer(asked.client, grant, asked.refresh_token, resource=asked.form.get("resource"))
