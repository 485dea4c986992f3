"""A running provider with the clients that the FAPI plans need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.oidc.registration.register_client import CityOptions
from tests.conftest import sqlite_copy
from tests.support.fapi import FapiClient, SigningKey
from tests.support.rp import Person
from tests.support.server import free_port, running
from tests.support.town import Town


class FapiSite:
    """`town` sees the same database as the server, for what cannot be done over HTTP: the register, the city's desk, the clock."""

    def __init__(self, issuer: str, town: Town) -> None:
        self.issuer, self.town = issuer, town
        self.resident_id = town.resident("hanako")

    def client(self, profile: str, *, consent: bool = False, **metadata: Any) -> FapiClient:
        """A client held to `profile`."""
        key = SigningKey()
        signed = profile == "2.0-message-signing"
        given: dict[str, Any] = {
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [key.registered]},
            "dpop_bound_access_tokens": True,
            **({"authorization_signed_response_alg": "ES256"} if signed else {}),
        }
        app = self.town.register(CityOptions(skip_consent=not consent, fapi_profile=profile), **given | metadata)
        return FapiClient(self.issuer, app.client_id, app.redirect_uri, key, signed)

    def person(self, signed_in: bool = True) -> Person:
        """Somebody at a browser."""
        person = Person(self.issuer)
        if signed_in:
            self.sign_in(person)
        return person

    def sign_in(self, person: Person) -> None:
        """What a passkey would do in this browser."""
        cookie = self.town.browser().sign_in(self.resident_id)
        person.http.cookies.set("machi_session", cookie, domain="localhost.local", path="/")


@pytest.fixture(scope="session")
def fapi_site(template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FapiSite]:
    log = Path(tmp_path_factory.mktemp("fapi")) / "log"
    with (
        sqlite_copy(template[0]) as url,
        running(log, free_port(), database_url=url) as issuer,
        Town(url, issuer=issuer) as town,
    ):
        yield FapiSite(issuer, town)


@pytest.fixture(scope="module")
def new_client(fapi_site: FapiSite) -> Callable[..., FapiClient]:
    return fapi_site.client


@pytest.fixture
def person(fapi_site: FapiSite) -> Person:
    """A browser in which 見本 花子 is signed in."""
    return fapi_site.person()
