"""Nothing stored breaks a page: whatever the door takes in, and whatever rows of other times hold, every page of the resident loads.

Pages and feeds are found in the application's own URL map, so that a new one is looked at without anybody thinking of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Date, select, update

from idp.credentials.model import Passkey
from idp.foundation.web.callers import Caller, caller_of
from idp.foundation.web.language import LANGUAGES
from idp.front.storage import Base, Instant, clock
from idp.oidc.clients.model import Client
from idp.oidc.grants.model import Consent
from idp.oidc.server.provider import provider
from mypage.cases.model import Case, CaseEvent
from mypage.columns import JsonText, Members, Objects, Texts, table_of
from mypage.families import event_types
from mypage.intake.published import schema_of
from mypage.notices.model import Notice
from mypage.tasks.model import Task
from tests.mypage.city import ISSUER, City
from tests.mypage.pages.conftest import Visit, named_resident
from tests.support.from_schema import DATES, ODD, TAGS, TIMES, URLS, WORSE, instances
from tests.support.isolation import loose_words

LOOK = settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.generate],  # a smaller example would take minutes to find
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TABLES: tuple[type[Base], ...] = (Case, CaseEvent, Notice, Task)
QUERIES = (
    "",
    "?archived=1&page=2",
    "?phase=decided&q=%E5%85%90",
    "?show=important&q=%25",
    "?q=%00",
    "?department=%00&page=0",
    "?done=app",
)


@pytest.fixture
def streaming_city(database_url: str) -> Iterator[City]:
    """Its live streams end by themselves."""
    with City(database_url, LIVE_LONGEST=0.0, INTAKE_RATE="1000000/minute") as city:
        yield city


def addresses(visit: Visit) -> Iterator[str]:
    """Every page and feed that a resident can ask for, about everything that is theirs."""
    app, database = visit.city.app, visit.city.parts.database
    with database.read() as session:
        ids: dict[str, list[str]] = {
            "case_id": list(session.scalars(select(Case.case_id).where(Case.resident_id == visit.resident_id))),
            "notice_id": list(session.scalars(select(Notice.notice_id).where(Notice.resident_id == visit.resident_id))),
            "credential_id": list(session.scalars(select(Passkey.credential_id))),
        }
    ids |= {"act": ["hold", "release", "remove"], "client_id": ["kodomo"], "attempt_id": []}
    for rule in app.url_map.iter_rules():
        if caller_of(app, rule.endpoint) is not Caller.RESIDENT or "GET" not in (rule.methods or ()):
            continue
        found = [rule.rule]
        for name in rule.arguments:  # KeyError: say above what this new page is about
            found = [path.replace(f"<{name}>", value) for path in found for value in [*ids[name], "%00"]]
        yield from found


def look_at_everything(visit: Visit, lang: str, queries: tuple[str, ...] = ("",)) -> None:
    visit.client.set_cookie("machi_lang", lang)
    for path in addresses(visit):
        for query in queries:
            for headers in ({}, {"X-Fragment": "1"}):
                answer = visit.get(path + query, **headers)
                assert answer.status_code < 500, (path + query, answer.get_data(as_text=True)[:500])


def events(worse: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Any event of any type about the resident `…`."""
    resident = st.just({"format": "iss_sub", "iss": ISSUER, "sub": "…"})
    fixed = {"resident": resident, "source": st.just("https://kodomo.example")}
    needed = {"procedure", "received_at"}
    return st.one_of(
        [
            instances(schema_of(name, ISSUER), worse, fixed).filter(
                lambda e: e["type"] != "jp.machi.case.status.v1" or all(e["data"].get(n) for n in needed)
            )
            for name, kind in event_types().items()
            if kind.begins
        ]
    )


def send(visit: Visit, event: dict[str, Any], subject: str) -> str:
    event = json.loads(
        json.dumps(event)
        .replace("…", visit.city.sub(visit.resident_id))
        .replace("\\u2026", visit.city.sub(visit.resident_id))
    )
    event |= {"id": subject, "subject": subject, "sequence": f"{1:020d}"}
    answer = visit.city.send(json.dumps(event).encode())
    assert answer.status_code < 500, answer.get_data(as_text=True)
    return "accepted" if answer.status_code == 202 else "refused"


@pytest.mark.parametrize("worse", [False, True], ids=["odd", "worse"])
def test_what_the_door_takes_in_can_be_looked_at(streaming_city: City, worse: bool):
    seen: dict[str, int] = {"accepted": 0, "refused": 0}

    @LOOK
    @given(several=st.lists(events(worse), min_size=1, max_size=3), lang=st.sampled_from(LANGUAGES))
    def run(several: list[dict[str, Any]], lang: str) -> None:
        visit = Visit(streaming_city, named_resident(streaming_city))
        for i, event in enumerate(several):
            seen[send(visit, event, f"S-{visit.resident_id}-{i}")] += 1
        look_at_everything(visit, lang)

    run()
    assert seen["accepted"] > 2, seen
    assert not worse or seen["refused"] > 10, seen


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "https://[", "\u202ex", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ja", "en", "code", "at"]), inner, max_size=4)
    ),
    max_leaves=10,
)
_WORDS = st.dictionaries(st.sampled_from(["ja", *TAGS]), st.sampled_from([*ODD, *WORSE]) | JSON, max_size=3) | JSON
_PART = st.fixed_dictionaries(
    {
        "url": st.sampled_from(URLS) | JSON,
        "label": _WORDS,
        "title": _WORDS,
        "state": st.sampled_from(["done", "current", "upcoming"]) | JSON,
    },
    optional={
        **dict.fromkeys(("department", "hours", "procedure", "reason", "app"), _WORDS),
        **dict.fromkeys(("due", "at"), st.sampled_from([*DATES, *TIMES]) | JSON),
        **dict.fromkeys(("code", "id", "kind", "outcome", "phone", "media_type", "bytes", "credential"), JSON),
    },
)
_ROWS: dict[type[JsonText], st.SearchStrategy[Any]] = {
    Texts: _WORDS,
    Objects: st.lists(_PART, min_size=1, max_size=3) | JSON,
    Members: _PART | JSON,
    JsonText: JSON,
}
"""By the type of the column: near what belongs there, so that every page gets to look at it, with what no page expects."""
EDGES = [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]


@LOOK
@given(data=st.data())
def test_whatever_rows_hold_can_be_looked_at(streaming_city: City, data: st.DataObject):
    """Rows older than today's rules, or restored from somewhere else."""
    city = streaming_city
    visit = Visit(city, named_resident(city))
    mine = visit.resident_id
    sent = [city.case(mine, f"K-{mine}", 1, phase=phase) for phase in ("in_review",)]
    sent += [
        city.case(mine, f"A-{mine}", 1, phase="action_required"),
        city.notice(mine, f"N-{mine}"),
        city.task(mine, f"T-{mine}"),
    ]
    assert set(city.statuses(sent)) == {"accepted"}
    for model in TABLES:
        table = table_of(model)
        values: dict[str, Any] = {}
        for column in table.columns:
            if isinstance(column.type, JsonText) and not (model is Case and column.name == "reason"):
                raw = data.draw(_ROWS[type(column.type)] | st.just("{not json"), label=column.name)
                values[column.name] = raw if isinstance(raw, str) and raw.startswith("{") else json.dumps(raw)
            elif isinstance(column.type, Date):
                values[column.name] = data.draw(st.sampled_from([date.min, date.max]))
            elif isinstance(column.type, Instant) and not column.nullable:
                values[column.name] = data.draw(st.sampled_from(EDGES))
        mine_too = (
            table.c.case_id.in_(select(Case.case_id).where(Case.resident_id == mine))
            if model is CaseEvent
            else table.c.resident_id == mine
        )
        with city.parts.database.write() as session:
            raw_values = {table.c[n]: _raw(v) for n, v in values.items()}
            session.execute(update(table).where(mine_too).values(raw_values))
    look_at_everything(visit, data.draw(st.sampled_from(LANGUAGES)))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_address_that_is_none_breaks_no_page(streaming_city: City, lang: str):
    """`https://[` in a case, a task, a document and in what an app registered; each is shown, without a link."""
    city = streaming_city
    visit = Visit(city, named_resident(city))
    mine, good = visit.resident_id, "https://a.example/"
    action = {"kind": "form", "label": {"ja": "開く"}, "url": good}
    document = {"id": "1", "title": {"ja": "通知書"}, "media_type": "a/b", "bytes": 1, "url": good}
    sent = [
        city.case(mine, "K-1", 1, phase="action_required", actions=[action], documents=[document]),
        city.task(mine, "T-1", action=action),
    ]
    assert set(city.statuses(sent)) == {"accepted"}
    with city.parts.database.write() as session:
        for model in (Case, Task):
            for row in session.scalars(select(model)):
                for name in ("actions", "documents", "action"):
                    if value := getattr(row, name, None):
                        setattr(row, name, json.loads(json.dumps(value).replace(good, "https://[")))
        client = session.get_one(Client, "kodomo")
        metadata = json.loads(client.metadata_json) | {"initiate_login_uri": "https://[", "client_uri": "https://["}
        client.metadata_json = json.dumps(metadata)
        session.add(Consent(resident_id=mine, client_id="kodomo", scope="openid profile", granted_at=clock.now()))
    provider(city.app).clients.forget("kodomo")
    look_at_everything(visit, lang)
    for path in addresses(visit):
        assert "https://[" not in visit.get(path).get_data(as_text=True), path


@pytest.mark.parametrize("lang", LANGUAGES)
def test_whatever_an_address_says_is_answered(streaming_city: City, lang: str):
    visit = Visit(streaming_city, named_resident(streaming_city))
    mine = visit.resident_id
    assert set(streaming_city.statuses([streaming_city.case(mine, "K-1", 1), streaming_city.notice(mine, "N-1")])) == {
        "accepted"
    }
    look_at_everything(visit, lang, QUERIES)


def _raw(value: Any) -> Any:
    from sqlalchemy import Text, literal

    return literal(value, Text()) if isinstance(value, str) else value


MARK = "目印\u202e\u200b"


def marked(value: Any) -> Any:
    """Every text by language says MARK as well, in rows as no door would take them in now."""
    if isinstance(value, dict):
        return {n: v + MARK if n in ("ja", "en") else marked(v) for n, v in value.items()}
    return [marked(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_departments_words_stand_by_themselves(small_city: City, lang: str):
    """Each in an element of its own, on every page: none can continue, turn or hide what my page says beside it."""
    city = small_city
    city.app.config["LIVE_LONGEST"] = 0.0
    visit = Visit(city, named_resident(city))
    mine, example = visit.resident_id, event_types()["jp.machi.case.status.v1"].example["data"]
    sent = [
        city.case(mine, "K-1", 1, **{**example, "resident": city.named(mine)}),
        city.case(mine, "K-2", 1, phase="decided", outcome="rejected", reason={"ja": "理由"}, label={"ja": "決定"}),
        city.notice(mine, "N-1"),
        city.task(mine, "T-1", body={"ja": "本文"}),
    ]
    assert set(city.statuses(sent)) == {"accepted"}
    with city.parts.database.write() as session:
        for model in TABLES:
            for row in session.scalars(select(model)):
                for column in table_of(model).columns:
                    if isinstance(column.type, JsonText):
                        setattr(row, column.name, marked(getattr(row, column.name)))
        for client in session.scalars(select(Client)):
            client.metadata_json = json.dumps({n: v + MARK if n.startswith(("client_name", "department")) else v
                                               for n, v in json.loads(client.metadata_json).items()})  # fmt: skip
    provider(city.app).clients.forget("kodomo")
    visit.client.set_cookie("machi_lang", lang)
    shown = 0
    for path in addresses(visit):
        page = visit.get(path).get_data(as_text=True)
        assert not {"\u202e", "\u200b"} & set(page), path
        assert path.endswith(".ics") or loose_words(page, "目印") == [], path
        shown += page.count("目印")
    assert shown > 20


def test_the_registered_name_is_the_one_in_charge(small_city: City):
    """What the department says of itself in an event stands below it."""
    visit = Visit(small_city, named_resident(small_city))
    posing = {"department": {"ja": "市長室"}, "phone": "000-000-0000"}
    assert small_city.statuses([small_city.case(visit.resident_id, "K-1", 1, contact=posing)]) == ["accepted"]
    with small_city.parts.database.read() as session:
        (case_id,) = session.scalars(select(Case.case_id))
    page = visit.text(f"/my/cases/{case_id}")
    assert '<strong data-testid="case-department"><bdi>こども家庭課</bdi></strong>' in page
    assert page.index("こども家庭課</bdi></strong>") < page.index("市長室")
    assert "<strong><bdi>市長室" not in page
