"""The checks of a backchannel authentication request, in order (OpenID CIBA Core 1.0 §7.2)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import ClassVar

from ...logins import levels
from ..client_auth import CONFIDENTIAL_CLIENT, REGISTERED_GRANT
from ..clients import CIBA
from ..errors import InvalidRequestError, OAuth2Error
from ..flows import Check, Table
from ..server import Provider
from .asking_checks import ASKING, AskedElsewhere
from .backchannel_request_object import signed_parameters
from .login_hints import resident_meant

LIFETIME = 300
LONGEST, SHORTEST = 600, 10
MAX_MESSAGE = 64
# CIBA §7.1: the syntax of a bearer token (RFC 6750 §2.1), at most 1024 characters.
_NOTIFICATION_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,1024}=*")


class InvalidBindingMessageError(OAuth2Error):
    """CIBA §13."""

    error = "invalid_binding_message"


@dataclass
class BackchannelAsk(AskedElsewhere):
    """A department asks a resident: whom, for how long (seconds), at which levels, and with which words."""

    GRANT_TYPE: ClassVar[str] = CIBA

    acr_values: str = ""
    binding_message: str | None = None
    lifetime: int = LIFETIME
    notification_token: str | None = None
    """For the ping; None for apps that poll."""
    resident_id: str = ""


def require_signed_form(op: Provider, asked: BackchannelAsk) -> None:
    """The parameters are in a signed request of the client if and only if it registered that."""
    asked.parameters = signed_parameters(op, asked.client, asked.form)


def require_reachable_acr(_op: Provider, asked: BackchannelAsk) -> None:
    """Of the levels that are asked for one can be reached from another device."""
    wanted = asked.parameters.get("acr_values", "").split()[:20]
    known = [v for v in wanted if (pair := levels.parse_acr(v)) is not None and pair[1] <= levels.DECOUPLED_LEVEL]
    if wanted and not known:
        raise InvalidRequestError("None of the acr_values exists here, or can be reached from another device.")
    asked.acr_values = " ".join(known)


def require_plain_binding_message(_op: Provider, asked: BackchannelAsk) -> None:
    """The binding message is short plain text: it stands on a page of ours, between words of ours."""
    message = asked.parameters.get("binding_message")
    if message is not None and (
        len(message) > MAX_MESSAGE or any(unicodedata.category(c)[0] in "CZ" and c != " " for c in message)
    ):
        raise InvalidBindingMessageError(f"At most {MAX_MESSAGE} printable characters in one line.")
    asked.binding_message = message


def require_readable_expiry(_op: Provider, asked: BackchannelAsk) -> None:
    """The requested expiry is a number of seconds; we keep within our own bounds."""
    value = asked.parameters.get("requested_expiry")
    if value is None:
        return
    if not (value.isascii() and value.isdigit() and len(value) <= 9 and int(value) > 0):
        raise InvalidRequestError("'requested_expiry' is not a positive number of seconds.")
    asked.lifetime = min(max(int(value), SHORTEST), LONGEST)


def require_notification_token(_op: Provider, asked: BackchannelAsk) -> None:
    """An app that is pinged sends the token that the ping will carry."""
    if asked.client.metadata.get("backchannel_token_delivery_mode") != "ping":
        return
    token = asked.parameters.get("client_notification_token")
    if token is None or not _NOTIFICATION_TOKEN.fullmatch(token) or len(token) > 1024:
        raise InvalidRequestError("Ping needs a 'client_notification_token' of at most 1024 bearer token characters.")
    asked.notification_token = token


def limit_hints(op: Provider, asked: BackchannelAsk) -> None:
    """A client tries so many hints at a time: it is not to find out who lives here."""
    op.parts.limits.hit(op.parts.settings.ciba_limit, "ciba-hint", asked.client.client_id)


def require_known_resident(op: Provider, asked: BackchannelAsk) -> None:
    """Exactly one hint names a resident, in a way that this client may use."""
    asked.resident_id = resident_meant(op, asked.client, asked.parameters)


def limit_questions(op: Provider, asked: BackchannelAsk) -> None:
    """A resident is asked so often by one client, whoever wears them down to a yes."""
    op.parts.limits.hit(op.parts.settings.ciba_ask_limit, "ciba-ask", asked.client.client_id, asked.resident_id)


CHECKS: Table[BackchannelAsk, None] = Table(
    "A department that asks a resident",
    (
        *CONFIDENTIAL_CLIENT,
        REGISTERED_GRANT,
        Check(require_signed_form, "CIBA §7.1.1", "invalid_request"),
        *ASKING,
        Check(require_reachable_acr, "CIBA §7.1", "invalid_request"),
        Check(require_plain_binding_message, "CIBA §7.1, §13", "invalid_binding_message"),
        Check(require_readable_expiry, "CIBA §7.1", "invalid_request"),
        Check(require_notification_token, "CIBA §7.1; RFC 6750 §2.1", "invalid_request"),
        Check(limit_hints, "CIBA §7.2", "429, temporarily_unavailable"),
        Check(
            require_known_resident,
            "CIBA §7.1, §7.2, §13; RFC 9493 §3.2.3",
            "invalid_request, unknown_user_id, expired_login_hint_token",
        ),
        Check(limit_questions, "CIBA §7.1 (what user_code is for)", "429, temporarily_unavailable"),
    ),
)
