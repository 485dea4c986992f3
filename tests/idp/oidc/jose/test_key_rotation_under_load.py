"""Keys are rotated while departments sign residents on: no verification fails, at us or at them, and nobody sees a 5xx.

Against the server as it runs in production: one process on SQLite, two on PostgreSQL. Rotation comes from a process of its own,
as an operator's command does. The hours between its steps pass in the key's row, not on the wall.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from idp.foundation.database import Database
from idp.foundation.settings import DEMO_SECRET
from idp.foundation.vault import Vault
from idp.oidc.jose.keys import KEEP_RETIRED, SETTLE, rotate
from idp.oidc.jose.model import SigningKey
from idp.oidc.registration.registration import issue_initial_access_token
from tests.support.fapi import b64url
from tests.support.rp import Person, RelyingParty
from tests.support.server import free_port, machi, running
from tests.support.town import Town
from tests.support.waiting import until

pytestmark = pytest.mark.servers

MINUTES = timedelta(minutes=10)  # the max-age that /jwks announces; checked below


class Department(RelyingParty):
    """Keeps the JWK set as client libraries do: read again at an unknown `kid`, or not at all until its max-age is over."""

    def __init__(self, *args: Any, patient: bool, **metadata: Any) -> None:
        super().__init__(*args, **metadata)
        self.patient = patient
        self.seen: dict[str, int] = {}
        """How many ID tokens each key signed."""
        self.http.hooks["response"].append(_no_server_error)
        self.read_keys()

    def read_keys(self) -> None:
        """What a department does when the copy it keeps is over."""
        self.keys = published_keys(self.config["jwks_uri"])

    def check(self, token: str) -> dict[str, Any]:
        kid = jwt.get_unverified_header(token)["kid"]
        if kid not in self.keys and not self.patient:
            self.read_keys()
        claims = self.verify(token, self.keys)
        self.seen[kid] = self.seen.get(kid, 0) + 1
        return claims

    def verify(self, token: str, keys: dict[str | None, Any]) -> dict[str, Any]:
        kid, alg = jwt.get_unverified_header(token)["kid"], self.client["id_token_signed_response_alg"]
        claims: dict[str, Any] = jwt.decode(
            token, keys[kid], algorithms=[alg], audience=self.auth[0], issuer=self.config["issuer"]
        )
        return claims


def published_keys(address: str) -> dict[str | None, Any]:
    """The JWK set as it is now, by `kid`."""
    answer = requests.get(address, timeout=10)
    found = re.search(r"max-age=(\d+)", answer.headers["Cache-Control"])
    assert found is not None
    assert timedelta(seconds=int(found[1])) == MINUTES
    return {key.key_id: key.key for key in jwt.PyJWKSet.from_dict(answer.json()).keys}


def _no_server_error(answer: requests.Response, *_: Any, **__: Any) -> None:
    assert answer.status_code < 500, f"{answer.status_code} {answer.url}"


class Load(threading.Thread):
    """One resident who signs on at one department, over and over; the department does with the tokens what departments do."""

    def __init__(self, department: Department, person: Person) -> None:
        super().__init__(daemon=True)
        self.department, self.person = department, person
        self.rounds = 0
        self.failure: BaseException | None = None
        self.over = threading.Event()
        self.kept: list[dict[str, Any]] = []
        """A few of the token answers, to be checked again much later."""

    def run(self) -> None:
        try:
            while not self.over.is_set():
                self.once()
                self.rounds += 1
                self.over.wait(0.1)  # a steady load, and not all that the machine can do
        except BaseException as error:
            self.failure = error

    def once(self) -> None:
        app = self.department
        url, kept = app.start(prompt="none")
        tokens = app.finish(self.person.go(url).headers["Location"], kept)
        userinfo = app.userinfo(tokens["access_token"])
        assert userinfo.status_code == 200, userinfo.text
        assert userinfo.json()["sub"] == tokens["claims"]["sub"]
        refreshed = app.refresh(tokens["refresh_token"])
        assert refreshed.status_code == 200, refreshed.text
        assert app.check(refreshed.json()["id_token"])["sub"] == tokens["claims"]["sub"]
        for token in (tokens["access_token"], refreshed.json()["access_token"]):
            told = app.call("introspection_endpoint", token=token)
            assert (told.status_code, told.json()["active"]) == (200, True), told.text
        if self.rounds % 5 == 0:
            self.kept.append(tokens)


class City:
    """A running provider with departments and residents, and the operator's hands on its keys."""

    def __init__(self, issuer: str, settings: dict[str, str], processes: int) -> None:
        self.issuer, self.settings = issuer, settings
        self.asks = 1 if processes == 1 else 10
        """New connections that reach every process."""
        self.database = Database(settings["database_url"])
        self.vault = Vault(DEMO_SECRET)
        self.loads: list[Load] = []
        with Town(issuer=issuer, **settings) as town:
            cookies = [town.signed_in(key).cookie("machi_session") for key in ("hanako", "taro", "midori", "jiro")]
            with town.writing() as session:
                right = issue_initial_access_token(session, "test", 20, timedelta(days=1))
        kinds = itertools.product(("ES256", "RS256"), (True, False))
        for number, (cookie, (alg, patient)) in enumerate(zip(cookies, kinds, strict=True)):
            address = f"https://department{number}.example/cb"
            app = Department(issuer, right, address, patient=patient, id_token_signed_response_alg=alg)
            self.loads.append(Load(app, self.resident(app, str(cookie))))

    def resident(self, app: Department, cookie: str) -> Person:
        """Signed in, and has said yes to this department."""
        person = Person(self.issuer)
        person.http.hooks["response"].append(_no_server_error)
        person.http.cookies.set("machi_session", cookie, domain="localhost.local")
        url, kept = app.start()
        page = person.go(url)
        app.finish(person.submit(page, page.url, decision="allow").headers["Location"], kept)
        return person

    def by_command(self) -> set[str]:
        said = json.loads(machi(self.issuer, "keys", "rotate", "--json", **self.settings))
        return {step["did"] for step in said["steps"]}

    def by_call(self) -> set[str]:
        with self.database.write() as session:
            return {step.did for step in rotate(session, self.vault)}

    def pass_time(self, time: timedelta) -> None:
        """So much later, as far as the keys are concerned."""
        with self.database.write() as session:
            for row in session.query(SigningKey):
                row.created_at -= time
                row.retired_at = row.retired_at and row.retired_at - time
        self.processes_know()

    def rows(self) -> dict[str, str]:
        """State by `kid`."""
        with self.database.read() as session:
            return {row.kid: row.state for row in session.query(SigningKey)}

    def signing(self) -> set[str]:
        return {kid for kid, state in self.rows().items() if state == "signing"}

    def published(self) -> set[str]:
        """The key ids of a fresh connection, which may be any process."""
        found = requests.get(f"{self.issuer}/jwks", headers={"Connection": "close"}, timeout=10).json()["keys"]
        return {key["kid"] for key in found}

    def look_again(self) -> None:
        """What makes a process read its keys before its ten seconds are over: a token with a key it has not heard of."""
        strange = b64url(b'{"alg":"ES256","kid":"unknown","typ":"at+jwt"}') + ".e30.AAAA"
        for _ in range(self.asks):
            headers = {"Authorization": f"Bearer {strange}", "Connection": "close"}
            assert requests.get(f"{self.issuer}/userinfo", headers=headers, timeout=10).status_code == 401

    def processes_know(self) -> None:
        """Until every process publishes the keys there are."""

        def all_of_them() -> bool:
            wanted = set(self.rows())
            if all(self.published() == wanted for _ in range(self.asks)):
                return True
            self.look_again()
            return False

        until(all_of_them, 20)

    def healthy(self) -> bool:
        for load in self.loads:
            if load.failure is not None:
                raise load.failure
        return True

    def goes_on(self, enough: Callable[[Load], bool], meanwhile: Callable[[], None] = lambda: None) -> None:
        """Until each department has seen enough, nothing having failed anywhere."""

        def seen() -> bool:
            meanwhile()
            return self.healthy() and all(enough(load) for load in self.loads)

        until(seen, 40)

    def some_rounds(self) -> None:
        before = {load: load.rounds for load in self.loads}
        self.goes_on(lambda load: load.rounds >= before[load] + 1)

    def tokens_still_stand(self) -> None:
        """Everything that was ever given verifies by what is published now, and at our own endpoints."""
        keys = published_keys(f"{self.issuer}/jwks")
        for load in self.loads:
            for tokens in load.kept[:3]:
                load.department.verify(tokens["id_token"], keys)
                bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
                assert requests.get(f"{self.issuer}/userinfo", headers=bearer, timeout=10).status_code == 200


@pytest.fixture(params=["sqlite", "postgresql"])
def city(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[City]:
    settings, processes = {"database_url": request.getfixturevalue(f"{request.param}_url")}, 1
    if request.param == "postgresql":
        settings["live_url"], processes = request.getfixturevalue("redis_url"), 2
    with running(tmp_path / "log", free_port(), processes=processes, **settings) as issuer:
        city = City(issuer, settings, processes)
        with working(city.loads):
            yield city
        city.database.close()


@contextmanager
def working(loads: list[Load]) -> Iterator[None]:
    for load in loads:
        load.start()
    try:
        yield
    finally:
        for load in loads:
            load.over.set()
        for load in loads:
            load.join(20)


def test_no_verification_fails(city: City) -> None:
    old, gone = city.signing(), set(city.rows())
    assert len(old) == 2
    for turn in (city.by_command, city.by_call):
        city.some_rounds()
        before = city.signing()
        assert turn() == {"published"}
        # The worst case: a department read the set just before, and keeps it for its whole max-age.
        city.some_rounds()
        city.pass_time(MINUTES)
        for load in city.loads:
            load.department.read_keys()
        assert city.by_call() == {"waiting"}
        city.pass_time(SETTLE - MINUTES)
        assert turn() == {"promoted"}
        after = city.signing()
        assert not before & after
        # A patient department never reads the set in this half: it has had the new key since it was published.
        city.goes_on(lambda load, after=after: bool(after & set(load.department.seen)), meanwhile=city.look_again)
        city.tokens_still_stand()
    # The first keys are retired for an hour now; they go once their last tokens are long over.
    city.pass_time(KEEP_RETIRED - SETTLE - MINUTES)
    assert city.by_call() == {"published"}
    assert gone <= set(city.rows())
    city.tokens_still_stand()
    city.pass_time(MINUTES * 2)
    for load in city.loads:
        load.department.read_keys()
    assert city.by_call() == {"waiting"}
    city.processes_know()
    assert not gone & set(city.rows())
    city.some_rounds()
