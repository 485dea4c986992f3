"""The family of cases."""

from __future__ import annotations

from ..families import ClosedWords, EventType, Family, NavigationEntry, OnHome
from ..wording import N_
from .apply_event import apply_status, require_first_facts
from .examples import STATUS
from .pages import bp
from .phases import PHASES
from .read import on_home
from .schema import CaseStatus
from .store import CASES, HISTORY

CASE = Family(
    name="case",
    store=CASES,
    more_stores=(HISTORY,),
    types=(
        EventType(
            "jp.machi.case.status.v1",
            CaseStatus,
            apply_status,
            STATUS,
            begins=True,
            complete=require_first_facts,
            closed_words={("data", "phase"): ClosedWords("unknown_phase", "This phase does not exist.", PHASES)},
            refuses=("first_event_incomplete", "reopen_required"),
        ),
    ),
    pages=(bp,),
    entry=NavigationEntry("cases", "my_cases.index", N_("Applications"), icon="cases"),
    on_home=OnHome(on_home, "mypage/cases/home.html", "mypage/cases/home_announce.html", place=20),
)
