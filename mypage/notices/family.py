"""The family of notices."""

from __future__ import annotations

from ..families import EventType, Family, Follow, NavigationEntry, OnHome
from ..wording import N_
from .alike import said_to_many
from .apply_event import apply_published, apply_withdrawn
from .derive import tell_about_case
from .examples import PUBLISHED, WITHDRAWN
from .pages import bp
from .read import count_unread, on_home
from .schema import NoticePublished, NoticeWithdrawn
from .store import NOTICES

NOTICE = Family(
    name="notice",
    store=NOTICES,
    types=(
        EventType("jp.machi.notice.published.v1", NoticePublished, apply_published, PUBLISHED, begins=True),
        EventType("jp.machi.notice.withdrawn.v1", NoticeWithdrawn, apply_withdrawn, WITHDRAWN),
    ),
    follows=(Follow("case", tell_about_case),),
    pages=(bp,),
    entry=NavigationEntry("notices", "my_notices.index", N_("Notices"), "notices", count_unread, N_("unread")),
    on_home=OnHome(on_home, "mypage/notices/home.html", place=30),
    said_to_many=said_to_many,
)
