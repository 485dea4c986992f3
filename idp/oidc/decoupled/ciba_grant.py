"""`grant_type=urn:openid:params:grant-type:ciba` (CIBA §10.1): the app fetches the tokens, by polling or after a ping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy.orm import Session

from ...foundation.vault import digest
from ..client_auth import CONFIDENTIAL_CALLER
from ..clients import CIBA
from ..errors import InvalidRequestError
from ..flows import Check, Table
from ..server import Provider
from ..token_endpoint import ENCRYPTION_KEY
from .model import BackchannelRequest
from .polling import PollingGrant, PollingRequest
from .waiting import take_grant


@dataclass
class BackchannelPoll(PollingRequest):
    """By the handle of the question."""

    GRANT_TYPE: ClassVar[str] = CIBA


def require_auth_req_id(_op: Provider, asked: BackchannelPoll) -> None:
    """There is the handle of a question."""
    if "auth_req_id" not in asked.form:
        raise InvalidRequestError("Missing 'auth_req_id' in request.")


def take_answer_once(op: Provider, asked: BackchannelPoll) -> None:
    """The question is this client's and lives, the resident agreed, their login lives, and it was not used before."""
    auth_req_id = digest(asked.form["auth_req_id"])

    def find(session: Session) -> BackchannelRequest | None:
        return session.get(BackchannelRequest, auth_req_id, with_for_update=True)

    asked.grant, asked.refresh_token = take_grant(op, asked.client, find, asked.form.get("resource"))


CHECKS: Table[BackchannelPoll, None] = Table(
    f"`{CIBA}`",
    (
        *CONFIDENTIAL_CALLER,
        Check(require_auth_req_id, "CIBA §10.1", "invalid_request"),
        ENCRYPTION_KEY,
        Check(
            take_answer_once,
            "CIBA §11; RFC 6749 §5.2; RFC 8707 §2.2",
            "authorization_pending, slow_down, access_denied, expired_token, invalid_grant, invalid_target, invalid_scope",
        ),
    ),
)


class CibaGrant(PollingGrant):
    """Registered with Authlib's server."""

    GRANT_TYPE = BackchannelPoll.GRANT_TYPE
    ASKED = BackchannelPoll
    CHECKS = CHECKS
