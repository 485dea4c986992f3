"""Apps' logos from our own address: the copy, as the picture it was found to be and as nothing else."""

from __future__ import annotations

from flask import Blueprint, Response, abort
from sqlalchemy import select

from ...foundation.context import parts
from ...foundation.web.callers import Caller, called_by
from ..clients import RegisteredClient
from ..clients.model import Client
from .model import ClientLogo

bp = Blueprint("logos", __name__)


def logo_path(client: RegisteredClient) -> str | None:
    """Where a page finds the logo of `client`; None if it has none."""
    if client.logo_digest is None:
        return None
    return f"{parts().settings.path}/apps/{client.client_id}/logo/{client.logo_digest}"


@bp.get("/apps/<client_id>/logo/<digest>")
@called_by(Caller.ANYONE)
def show(client_id: str, digest: str) -> Response:
    """The same for ever: another picture has another address."""
    with parts().database.read() as session:
        found = session.execute(
            select(ClientLogo.body, ClientLogo.media_type)
            .join(Client, Client.client_id == ClientLogo.client_id)
            .where(ClientLogo.client_id == client_id, ClientLogo.digest == digest, Client.active.is_(True))
        ).first()
    if found is None:
        abort(404)
    answer = Response(found.body, content_type=found.media_type)
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer
