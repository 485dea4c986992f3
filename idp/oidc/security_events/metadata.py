"""Transmitter configuration metadata (SSF §7)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from ...foundation.settings import Settings
from ...foundation.web.callers import Caller, called_by
from ..server import provider
from . import status_api, streams_api
from .caller import json_answer
from .stream_config import POLL, PUSH

bp = Blueprint("ssf_configuration", __name__)


def metadata(settings: Settings) -> dict[str, Any]:
    """Everything here works, and everything that works is here (§7.1)."""
    issuer = settings.issuer
    return {
        "spec_version": "1_0",
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks",
        "delivery_methods_supported": [PUSH, POLL],
        "configuration_endpoint": f"{issuer}{streams_api.PATH}",
        "status_endpoint": f"{issuer}{status_api.PATH}",
        "add_subject_endpoint": f"{issuer}/ssf/subjects/add",
        "remove_subject_endpoint": f"{issuer}/ssf/subjects/remove",
        "verification_endpoint": f"{issuer}/ssf/verify",
        # A receiver that overlooked the session would end too much, one that overlooked the user too little.
        "critical_subject_members": ["user", "session"],
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
        "default_subjects": "ALL",
    }


@bp.get("/.well-known/ssf-configuration")
@called_by(Caller.ANYONE)
def configuration() -> Response:
    """Cacheable for ten minutes, as discovery is."""
    response = json_answer(metadata(provider().parts.settings))
    response.headers["Cache-Control"] = "public, max-age=600"
    response.headers.pop("Pragma", None)
    return response
