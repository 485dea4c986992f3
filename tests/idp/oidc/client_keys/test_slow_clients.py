"""Clients whose sites hang take few threads of the served provider, however often they are asked for: everybody else is served."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from idp.oidc.registration.registration import issue_initial_access_token
from tests.support import databases
from tests.support.fapi import ASSERTION_TYPE, SigningKey
from tests.support.hostile import Hostile
from tests.support.server import free_port, running
from tests.support.town import Town
from tests.support.waiting import until

pytestmark = pytest.mark.servers

PROCESSES, THREADS, CROWD = 2, 8, 40
KEY = SigningKey()


class Site:
    """A running provider with a client whose site hangs wherever it is asked, and a good one."""

    def __init__(self, issuer: str, town: Town, hostile: Hostile) -> None:
        self.issuer, self.hostile = issuer, hostile
        self.hanging = town.register(
            token_endpoint_auth_method="private_key_jwt",
            jwks_uri=f"{hostile.url}/silence",
            request_uris=[f"{hostile.url}/silence?r"],
            grant_types=["authorization_code", "client_credentials"],
            scope="openid profile case:write",
        )
        self.good = town.register(grant_types=["client_credentials"], scope="case:write")
        with town.writing() as session:
            self.right = issue_initial_access_token(session, "test", 100, timedelta(days=1))

    def authenticates(self) -> requests.Response:
        """The hanging client's own request: its keys are to be fetched."""
        now = int(time.time())
        claims = {"iss": self.hanging.client_id, "sub": self.hanging.client_id, "aud": self.issuer, "exp": now + 60}
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
        form["client_assertion"] = KEY.sign(claims | {"jti": str(uuid.uuid4())})
        return requests.post(f"{self.issuer}/token", data=form, timeout=30)

    def is_asked_for(self) -> requests.Response:
        """Anybody's request, which names an address that the hanging client registered."""
        query = {"client_id": self.hanging.client_id, "request_uri": f"{self.hostile.url}/silence?r"}
        return requests.get(f"{self.issuer}/authorize", params=query, allow_redirects=False, timeout=30)

    def registers(self) -> requests.Response:
        """A registration that names a sector document there."""
        bearer = {"Authorization": f"Bearer {self.right}"}
        uri = f"{self.hostile.url}/silence"
        given: dict[str, Any] = {"redirect_uris": ["https://a.example/cb"], "sector_identifier_uri": uri}
        return requests.post(f"{self.issuer}/register", json=given, headers=bearer, timeout=30)


@pytest.fixture(scope="module")
def site(postgresql_server: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    log, port = Path(tmp_path_factory.mktemp("server")) / "log", free_port()
    with (
        databases.postgresql_copy(postgresql_server) as url,
        running(log, port, PROCESSES, THREADS, database_url=url, live_url=redis_url) as issuer,
        Town(url, redis_url, issuer=issuer) as town,
        Hostile() as hostile,
    ):
        yield Site(issuer, town, hostile)


@pytest.mark.parametrize(
    ("hang", "statuses"),
    [
        pytest.param(Site.authenticates, {401, 429}, id="jwks_uri"),
        pytest.param(Site.is_asked_for, {302, 400}, id="request_uri"),
        pytest.param(Site.registers, {400, 429}, id="sector_identifier_uri"),
    ],
)
def test_others_are_answered_meanwhile(site: Site, hang: Any, statuses: set[int]) -> None:
    asked = len(site.hostile.asked)
    with ThreadPoolExecutor(CROWD) as pool:
        crowd = [pool.submit(hang, site) for _ in range(CROWD)]
        until(lambda: len(site.hostile.asked) > asked)
        for _ in range(10):  # new connections, hence of either process
            form = {"grant_type": "client_credentials", "scope": "case:write"}
            auth = (site.good.client_id, str(site.good.secret))
            assert requests.post(f"{site.issuer}/token", data=form, auth=auth, timeout=10).status_code == 200
            assert requests.get(f"{site.issuer}/jwks", timeout=10).status_code == 200
        assert not all(waiting.done() for waiting in crowd), "nothing was hanging any more"
        told = {waiting.result().status_code for waiting in crowd}
    assert told <= statuses
    assert len(site.hostile.asked) - asked <= 2 * PROCESSES
