"""A running provider for the core plans, one client for each variant, and a browser in which a resident is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import sqlite_copy
from tests.support.core_client import Client
from tests.support.core_plans import Variant
from tests.support.core_site import CoreSite
from tests.support.server import free_port, running
from tests.support.signing_in import Resident
from tests.support.town import Town

LIMITS = {"signin_limit": "100000/minute", "attempt_limit": "100000/minute", "token_limit": "100000/minute"}


@pytest.fixture(scope="session")
def site(template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoreSite]:
    log = Path(tmp_path_factory.mktemp("core")) / "log"
    settings = LIMITS | {"hybrid_flows": "true", "trusted_proxies": "1"}
    with (
        sqlite_copy(template[0]) as url,
        running(log, free_port(), database_url=url, **settings) as issuer,
        Town(url, issuer=issuer, hybrid_flows=True) as town,
    ):
        found = CoreSite(issuer, town)
        yield found
        found.close()


@pytest.fixture(scope="session")
def clients() -> dict[str, Client]:
    """The client of each variant, registered when first used."""
    return {}


@pytest.fixture
def client(request: pytest.FixtureRequest, site: CoreSite, clients: dict[str, Client]) -> Client:
    """The variant's client; tests are parametrized with `variants(...)`."""
    variant: Variant = request.param
    if str(variant) not in clients:
        clients[str(variant)] = site.client(variant)
    return clients[str(variant)]


@pytest.fixture(scope="module")
def person(site: CoreSite) -> Resident:
    """A browser in which 見本 花子 is signed in."""
    return site.signed_in()
