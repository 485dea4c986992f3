"""How apps are used: sign-ins per day (grants made) and when the last one was. Counts, never people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, func, select, type_coerce
from sqlalchemy.orm import Session

from ..foundation import clock
from ..foundation.database import from_ms, to_ms
from ..oidc.grants.model import Grant

DAY = 86_400_000
_ZONE = 9 * 3_600_000
"""Japan's offset from UTC, which has no summer time."""


@dataclass
class Usage:
    """`days`: sign-ins by the city's day. `last_used_at`: as far back as grants are kept."""

    days: dict[date, int] = field(default_factory=dict)
    last_used_at: datetime | None = None

    def since(self, first: date) -> int:
        return sum(count for day, count in self.days.items() if day >= first)


def today() -> date:
    """The city's day."""
    return clock.now().astimezone(clock.CITY_ZONE).date()


def usage(session: Session, days: int = 14, client_id: str | None = None) -> dict[str, Usage]:
    """By client id, over the last `days` days; two statements however many apps."""
    at = type_coerce(Grant.created_at, BigInteger)
    number = ((at + _ZONE) // DAY).label("number")
    first = today() - timedelta(days=days - 1)
    begin = datetime(first.year, first.month, first.day, tzinfo=clock.CITY_ZONE)
    only = [Grant.client_id == client_id] if client_id else []
    found: dict[str, Usage] = {}
    for client, last in session.execute(select(Grant.client_id, func.max(at)).where(*only).group_by(Grant.client_id)):
        found[client] = Usage(last_used_at=from_ms(last))
    counted = (
        select(Grant.client_id, number, func.count()).where(at >= to_ms(begin), *only).group_by(Grant.client_id, number)
    )
    for client, day, count in session.execute(counted):
        found[client].days[date(1970, 1, 1) + timedelta(days=int(day))] = count
    return found
