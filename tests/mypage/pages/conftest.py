"""A resident of the small city with a name, signed in, looking at pages."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from werkzeug.test import TestResponse

from idp.residents.attributes import Attributes, seal
from idp.residents.model import Resident
from tests.mypage import city as city_module
from tests.mypage.city import City
from tests.support.server import free_port

CATALOGUES = ("idp", "mypage")


@pytest.fixture(scope="session", autouse=True)
def japanese() -> None:
    """The compiled Japanese texts, as the set-up makes them."""
    for package in CATALOGUES:
        po = Path(package) / "translations/ja/LC_MESSAGES/messages.po"
        catalogue = read_po(po.open("rb"), locale="ja")
        half = po.with_suffix(f".{os.getpid()}")
        with half.open("wb") as file:
            write_mo(file, catalogue)
        half.replace(po.with_suffix(".mo"))  # whole or not at all: several test processes do this


def named_resident(city: City, name: str = "見本 花子") -> str:
    """A resident whose attributes can be shown."""
    resident_id = city.resident()
    attributes = Attributes(name, "ミホン ハナコ", "1989-04-12", "2", "見本県みほん市中央一丁目2番3号")
    with city.parts.database.write() as session:
        session.get_one(Resident, resident_id).attributes = seal(city.parts.vault, resident_id, attributes)
    return resident_id


class Visit:
    """A signed-in browser without scripts. `get` follows nothing; `post` carries the CSRF token of the page it starts from."""

    def __init__(self, city: City, resident_id: str, lang: str = "ja") -> None:
        self.city = city
        self.resident_id = resident_id
        self.session_id, token = city.sign_in(resident_id)
        self.client: FlaskClient = city.app.test_client()
        self.client.set_cookie("machi_session", token)
        self.client.set_cookie("machi_lang", lang)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)

    def text(self, path: str, **headers: str) -> str:
        answer = self.get(path, **headers)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_data(as_text=True)

    def post(self, path: str, page: str, **fields: str) -> TestResponse:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.text(page))
        assert token
        return self.client.post(path, data={"csrf_token": token.group(1), **fields})


@pytest.fixture
def hanako(request: pytest.FixtureRequest) -> Visit:
    """In the served city if the test looks through a browser."""
    city = (
        request.getfixturevalue("served").city
        if "served" in request.fixturenames
        else request.getfixturevalue("small_city")
    )
    return Visit(city, named_resident(city))


@pytest.fixture
def taro(small_city: City) -> Visit:
    return Visit(small_city, named_resident(small_city, "例示 太郎"))


@pytest.fixture(scope="module")
def browser(chromium: Browser) -> Browser:
    """The one browser of this test process."""
    return chromium


@pytest.fixture
def served(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    port = free_port()
    monkeypatch.setattr(city_module, "ISSUER", f"http://localhost:{port}")
    from tests.mypage.pages.browser import Served

    with City(sqlite_url) as city, Served(city, port) as served:
        yield served
