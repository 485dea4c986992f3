"""Front-channel logout (OIDC Front-Channel Logout 1.0): the signed-out page calls each app that took part in a hidden frame.

Best effort by nature (browsers withhold third-party cookies); back-channel logout is the one that is certain.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..clients import clients_by_id
from ..grants.model import SessionClient


def frames_of(session: Session, issuer: str, session_id: str) -> list[str]:
    """The addresses to call when this login ends (§2); to be asked before it does. `iss` and `sid` go to every app."""
    rows = session.execute(
        select(SessionClient.client_id, SessionClient.sid).where(SessionClient.session_id == session_id)
    )
    sids = {row.client_id: row.sid for row in rows}
    return [
        with_session(client.metadata["frontchannel_logout_uri"], issuer, sids[client_id])
        for client_id, client in clients_by_id(session, sorted(sids)).items()
        if client.metadata.get("frontchannel_logout_uri")
    ]


def with_session(uri: str, issuer: str, sid: str) -> str:
    """The registered address with `iss` and `sid` added to its query."""
    return f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode({'iss': issuer, 'sid': sid})}"
