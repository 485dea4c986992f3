"""What every endpoint stands on: the provider (`provider()`), requests, addresses, refusals, and answers to other origins.

`Provider` holds Authlib's authorization server with our storage behind it. A `ProtocolRequest` is read once, each parameter once.
`install` puts it on an application, and `speak_oauth` lets outages and limits be answered in OAuth's form.
"""

from __future__ import annotations

from . import endpoints
from .challenges import challenge
from .endpoints import addresses
from .install import install
from .outage_answers import ASK_LATER, OUTAGE_ERROR, speak_oauth
from .provider import NO_STORE, Provider, build_provider, provider
from .refusal_answers import told
from .request import MAX_LENGTHS, ParameterError, ProtocolRequest, sent_well, single_parameters, was_sent

__all__ = [
    "ASK_LATER",
    "MAX_LENGTHS",
    "NO_STORE",
    "OUTAGE_ERROR",
    "ParameterError",
    "ProtocolRequest",
    "Provider",
    "addresses",
    "build_provider",
    "challenge",
    "endpoints",
    "install",
    "provider",
    "sent_well",
    "single_parameters",
    "speak_oauth",
    "told",
    "was_sent",
]
