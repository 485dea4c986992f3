"""A running provider for the core plans, one client for each variant, and a browser in which a resident is signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc.jwk import ECKey

from tests.conftest import sqlite_copy
from tests.support.core_client import Client
from tests.support.core_plans import Variant
from tests.support.core_site import CoreSite
from tests.support.server import free_port, running
from tests.support.signing_in import Resident
from tests.support.town import Town

MANY = "100000/minute"


@pytest.fixture(scope="session")
def site(template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoreSite]:
    log = Path(tmp_path_factory.mktemp("core")) / "log"
    with (
        sqlite_copy(template[0]) as url,
        running(
            log,
            free_port(),
            database_url=url,
            hybrid_flows="true",
            code_binding="none",
            trusted_proxies="1",
            signin_limit=MANY,
            attempt_limit=MANY,
            token_limit=MANY,
        ) as issuer,
        Town(url, issuer=issuer, hybrid_flows=True, code_binding="none") as town,
    ):
        found = CoreSite(issuer, town)
        begin_key_rotation(found)
        yield found
        found.close()


def begin_key_rotation(site: CoreSite) -> None:
    """For test_rp_key_rotation.py, which comes last: an address is read at most every 30 s, so its first reading is done now."""
    key = ECKey.generate_key("P-256", {"kid": "old", "use": "sig"})
    uri = site.publish("rotating", {"keys": [key.as_dict(private=False)]})
    grants = ["authorization_code", "refresh_token"]
    answer = site.register(jwks_uri=uri, token_endpoint_auth_method="private_key_jwt", grant_types=grants)
    site.rotating = Client(site.issuer, answer.json(), private=key)
    site.rotating_tokens = site.rotating.sign_on(site.signed_in(), scope="openid offline_access").tokens


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


@pytest.fixture
def dynamic(site: CoreSite) -> Iterator[Callable[..., Client]]:
    """Registers clients by themselves over HTTP, and deletes each at the end, as the suite does."""
    made: list[Client] = []

    def register(private: Any = None, **metadata: Any) -> Client:
        answer = site.register(**metadata)
        assert answer.status_code == 201, answer.text
        made.append(Client(site.issuer, answer.json(), private=private))
        return made[-1]

    yield register
    for client in made:
        headers = {"Authorization": f"Bearer {client.registered['registration_access_token']}"}
        url = client.registered["registration_client_uri"]
        assert requests.delete(url, headers=headers, timeout=10).status_code == 204
        assert requests.get(url, headers=headers, timeout=10).status_code == 401
