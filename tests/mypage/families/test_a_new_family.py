"""One folder and one line of registration: a family invented here goes from intake to pages and live, and nobody has to know it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import pytest
from jinja2 import ChoiceLoader, DictLoader
from sqlalchemy.orm import Session

from idp.foundation import housekeeping
from idp.foundation.web.openapi_document import document
from mypage.delivery.live.words import open_words
from mypage.families import event_types, register, registered
from mypage.intake import attach_handle
from mypage.posted import Item, Posted, post
from tests.mypage.city import ISSUER, City
from tests.mypage.delivery.live.test_fanout import told
from tests.mypage.families.message import MESSAGE, TABLE

WRITTEN = "message.written"
SCOPE = "message:write"
HOME = "{% for words in messages %}<p>{{ words }}</p>{% endfor %}"


@pytest.fixture
def with_messages(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    monkeypatch.setattr(housekeeping, "_cleaners", [])
    with registered(MESSAGE), City(database_url) as city:
        loader = city.app.jinja_env.loader
        assert loader is not None
        city.app.jinja_env.loader = ChoiceLoader([DictLoader({"message_home.html": HOME}), loader])
        TABLE.create(city.parts.database.engine)  # type: ignore[attr-defined]
        yield city
        TABLE.drop(city.parts.database.engine)  # type: ignore[attr-defined]


def written(city: City, resident_id: str, sequence: int = 1, words: str = "書類が届きました", **data: object) -> dict:
    whole = {"resident": city.named(resident_id), "words": {"ja": words}} | data
    return city.event(WRITTEN, "M-1", sequence, whole)


def page(city: City, resident_id: str, path: str, fragment: bool = False) -> str:
    client = city.app.test_client()
    client.set_cookie("machi_session", city.sign_in(resident_id)[1], domain="localhost")
    answer = client.get(path, headers={"X-Fragment": "1"} if fragment else {})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_from_intake_to_its_page_to_home_and_to_open_pages(with_messages: City):
    city = with_messages
    hanako, taro = city.resident(), city.resident()
    assert city.send(written(city, hanako), scope=SCOPE).status_code == 202
    (entry,) = told(city)
    assert entry == {"told": [[[hanako], ("home", "messages", "badges")]]}
    assert "書類が届きました" in page(city, hanako, "/my/messages", fragment=True)
    assert "書類が届きました" in page(city, hanako, "/my/", fragment=True)
    assert "書類が届きました" not in page(city, taro, "/my/messages")
    navigation = page(city, hanako, "/my/navigation?entry=messages")
    assert 'href="/my/messages"' in navigation
    assert 'data-testid="badge-messages"' in navigation
    assert 'data-testid="badge-messages"' not in page(city, taro, "/my/navigation?entry=messages")


def test_order_idempotence_and_scope_are_those_of_every_family(with_messages: City):
    city = with_messages
    hanako, taro = city.resident(), city.resident()
    second = written(city, hanako, 2, "二")
    refused = city.send(second)
    assert (refused.status_code, refused.json["title"]) == (403, "insufficient_scope")

    def status(event: dict) -> str:
        answer = city.send(event, scope=SCOPE)
        return answer.json["title"] if answer.status_code >= 400 else answer.json["results"][0]["status"]

    assert [status(second), status(second), status(written(city, hanako, 1, "一"))] == [
        "accepted",
        "duplicate",
        "stale",
    ]
    assert status(written(city, taro, 3)) == "resident_mismatch"
    assert status(second | {"data": {"resident": city.named(hanako), "words": {"ja": "三"}}}) == "id_reused"
    assert "二" in page(city, hanako, "/my/messages")


def test_it_waits_for_whoever_claims_the_handle(with_messages: City):
    city = with_messages
    hanako = city.resident()
    answer = city.send(written(city, hanako, resident={"format": "opaque", "id": "paper-1"}), scope=SCOPE)
    assert answer.json["results"][0]["status"] == "held"
    with city.parts.database.write() as session:
        assert attach_handle(session, "kodomo", "paper-1", hanako) == 1
    assert "書類が届きました" in page(city, hanako, "/my/messages")


def test_it_is_published_and_forgotten_like_the_others(with_messages: City):
    city = with_messages
    name = f"jp.machi.{WRITTEN}.v1"
    listed = city.app.test_client().get("/api/v1/schemas/").json["schemas"]
    assert {"type": name, "scope": SCOPE, "schema": f"{ISSUER}/api/v1/schemas/{name}.json"} in listed
    assert city.app.test_client().get(f"/api/v1/schemas/{name}.json").json["examples"] == [MESSAGE.types[0].example]
    sending = document(city.app, ISSUER)["paths"]["/api/v1/events"]["post"]
    assert {"access_token": [SCOPE]} in sending["security"]
    assert f"{WRITTEN}.v1" in sending["requestBody"]["content"]["application/cloudevents+json"]["examples"]
    hanako = city.resident()
    city.send(written(city, hanako), scope=SCOPE)
    for cleaner in housekeeping._cleaners:
        with city.parts.database.write() as session:
            cleaner(session)
    assert "書類が届きました" not in page(city, hanako, "/my/messages")


def test_outside_of_these_tests_there_is_no_such_family():
    assert not any(name.startswith("jp.machi.message.") for name in event_types())


def test_a_family_registers_once_and_after_those_it_follows():
    with registered(MESSAGE), pytest.raises(ValueError, match="already"):
        register(MESSAGE)


def test_what_it_says_to_many_is_told_to_open_pages_in_its_words(sqlite_url: str):
    """The channel asks the family, whichever it is, and each family about its own rows only."""
    asked: list[list[str]] = []

    def said(_session: Session, ids: Collection[str]) -> dict[str, dict[str, Any]]:
        asked.append(sorted(ids))
        return {key: {"title": {"ja": "市から"}, "important": False} for key in ids}

    with registered(replace(MESSAGE, said_to_many=said)), City(sqlite_url) as city:
        hanako, taro = city.resident(), city.resident()
        items = {hanako: Item("message", "m-1", "normal"), taro: Item("notice", "n-1", "normal")}
        with city.parts.database.write() as session:
            post(session, [Posted(resident, ("home",), (item,)) for resident, item in items.items()])
        with_words, without = told(city)
        assert open_words(city.parts, with_words["words"]) == {"title": {"ja": "市から"}, "important": False}
        assert (with_words["told"], without) == ([[[hanako], ("home",)]], {"told": [[[taro], ("home",)]]})
        assert asked == [["m-1"]]
