"""Whose word it is: names of the departments behind clients."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from idp.front.apps import client_labels
from idp.front.storage import parts

from .text import Localised


def sender_names(session: Session, client_ids: Iterable[str | None]) -> dict[str | None, Localised]:
    """Name by client, and that of the city for what no client sent."""
    wanted = list(client_ids)
    settings = parts().settings
    city: dict[str | None, Localised] = {None: {"ja": settings.city_name, "en": settings.city_name_en}}
    return city | department_names(session, (client_id for client_id in wanted if client_id is not None))


def department_names(session: Session, client_ids: Iterable[str]) -> dict[str, Localised]:
    """Name by client; the client's own name where it has no department, its id if it is gone."""
    wanted = sorted(set(client_ids))
    labels = client_labels(session, wanted) if wanted else {}
    names: dict[str, Localised] = {}
    for client_id in wanted:
        label = labels.get(client_id)
        names[client_id] = (dict(label.department or label.name) if label else {}) or {"ja": client_id}
    return names
