"""Several processes on one database and Redis: an event taken by any of them reaches the pages that hang on the others."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from idp.oidc.registration.register_client import CityOptions
from tests.support.server import free_port, running
from tests.support.town import Town
from tests.support.waiting import until

pytestmark = pytest.mark.servers

STREAMS = 6
SOURCE = "https://childcare.example"


class Page:
    """An open page: collects what its stream sends."""

    def __init__(self, issuer: str, cookie: str) -> None:
        self.changes = 0
        self.open = threading.Event()
        self._answer = requests.get(
            f"{issuer}/my/live",
            cookies={"machi_session": cookie},
            headers={"Accept": "text/event-stream"},
            stream=True,
            timeout=30,
        )
        assert self._answer.status_code == 200
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for line in self._answer.iter_lines():
                self.open.set()
                if line == b"event: change":
                    self.changes += 1
        except (requests.RequestException, AttributeError, ValueError):
            return  # closed under our hands: the page went away

    def close(self) -> None:
        self._answer.close()


class City:
    """Two server processes, a department with a token, a resident with a login."""

    def __init__(self, issuer: str, url: str, redis: str) -> None:
        self.issuer = issuer
        with Town(url, redis, issuer=issuer) as town:
            app = town.register(
                CityOptions(event_source=SOURCE, may_use_local_numbers=True),
                grant_types=["client_credentials"],
                redirect_uris=None,
                scope="case:write",
            )
            self.cookie = town.signed_in("hanako").cookie("machi_session") or ""
        answer = requests.post(
            f"{issuer}/token",
            data={"grant_type": "client_credentials", "scope": "case:write", "resource": f"{issuer}/api/v1"},
            auth=(app.client_id, str(app.secret)),
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
        self.token: str = answer.json()["access_token"]
        self._numbers = itertools.count(1)

    def send(self) -> dict[str, Any]:
        number = next(self._numbers)
        event = {
            "specversion": "1.0",
            "id": f"e{number}",
            "source": SOURCE,
            "type": "jp.machi.case.status.v1",
            "subject": "JT-1",
            "time": "2026-05-11T09:30:00+09:00",
            "sequence": f"{number:020d}",
            "datacontenttype": "application/json",
            "data": {
                "resident": {"format": "local_number", "number": "0000010011"},
                "procedure": {"code": "jidou-teate", "title": {"ja": "児童手当"}},
                "received_at": "2026-05-01T10:00:00+09:00",
                "phase": "in_review",
            },
        }
        answer = requests.post(
            f"{self.issuer}/api/v1/events",
            json=event,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/cloudevents+json"},
            timeout=10,
        )
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()["results"][0]
        return found


@pytest.fixture
def city(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[City]:
    settings = {"database_url": database_url, "live_url": redis_url}
    with running(tmp_path / "log", free_port(), processes=2, **settings) as issuer:
        yield City(issuer, database_url, redis_url)


def test_every_open_page_hears_of_every_event(city: City) -> None:
    pages = [Page(city.issuer, city.cookie) for _ in range(STREAMS)]
    try:
        for page in pages:
            assert page.open.wait(10)
        for round_number in range(1, 4):
            assert city.send()["status"] == "accepted"
            until(lambda wanted=round_number: all(page.changes >= wanted for page in pages), 10)
    finally:
        for page in pages:
            page.close()
