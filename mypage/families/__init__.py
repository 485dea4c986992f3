"""What families of events share: how one registers itself, and the unit of work in which events of any family are applied.

A family (case, notice, task) is a folder of its own with a `Family` in its `family.py`; `mypage/registered.py` has a line for each.
Intake, pages and channels ask the registry and know none of them by name.
"""

from .family import ClosedWords, EventType, Family, Follow, NavigationEntry, OnHome
from .order import mismatch, order_of
from .refused import EventRefusedError
from .registry import event_types, families, register, registered
from .rows import RowSet
from .store import Store
from .unit_of_work import Status, UnitOfWork

__all__ = [
    "ClosedWords",
    "EventRefusedError",
    "EventType",
    "Family",
    "Follow",
    "NavigationEntry",
    "OnHome",
    "RowSet",
    "Status",
    "Store",
    "UnitOfWork",
    "event_types",
    "families",
    "mismatch",
    "order_of",
    "register",
    "registered",
]
