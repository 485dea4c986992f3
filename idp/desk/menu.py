"""The desk's menu: its pages, and what each is for. Whoever has a duty sees its entry."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from ..staff import Duty, StaffLogin


@dataclass(frozen=True)
class MenuEntry:
    """One page in the menu; `mark` is its picture."""

    name: str
    endpoint: str
    word: LazyString
    mark: str
    duty: Duty


MENU = (
    MenuEntry("apps", "desk_apps.index", _("Apps"), "apps", Duty.APPS),
    MenuEntry("keys", "desk_keys.keys", _("Signing keys"), "key", Duty.KEYS),
    MenuEntry("tokens", "desk_keys.tokens", _("Registration tokens"), "stamp", Duty.APPS),
    MenuEntry("log", "desk_log.index", _("Record"), "eye", Duty.RECORD),
    MenuEntry("staff", "desk_staff.index", _("Staff"), "person", Duty.STAFF),
)
DUTIES = tuple({entry.duty: None for entry in MENU})


def menu_of(login: StaffLogin) -> list[MenuEntry]:
    """In the order of the menu; never empty for whoever the desk is open to."""
    return [entry for entry in MENU if login.may(entry.duty)]
