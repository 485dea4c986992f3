"""One running provider for all relying parties, with residents who wait for their first sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from idp.oidc.registration.registration import issue_initial_access_token
from idp.residents.activation import issue_activation_code
from idp.residents.import_register import import_register
from idp.residents.read import resolve_local_number
from tests.conftest import sqlite_copy
from tests.support.authenticator import Authenticator
from tests.support.people import BIRTH_DATES, HEADER
from tests.support.rp import Person
from tests.support.server import free_port, running
from tests.support.signing_in import Resident
from tests.support.town import Town

from . import needed

# Somebody for the libraries that all want the same: a resident with a passkey and an e-mail address.
REGULAR = {
    "local_number": "0000010066",
    "name": "常連 つばさ",
    "kana": "ジョウレン ツバサ",
    "birth_date": "1990-05-05",
    "sex": "1",
    "address": "見本県みほん市南町一丁目1番1号",
    "email": "tsubasa@mihon.example",
    "phone": "",
}


class Site:
    """The provider, a token to register apps with, and activation codes by resident."""

    def __init__(self, issuer: str, database_url: str) -> None:
        self.issuer = issuer
        self.town = Town(database_url, issuer=issuer)
        self.codes = {key: self.town.activation_code(key) for key in ("hanako", "taro", "midori", "jiro", "hikari")}
        with self.town.writing() as session:
            self.token = issue_initial_access_token(session, "test", 50, timedelta(days=1))

    def register(self, **metadata: Any) -> dict[str, Any]:
        """What the registration endpoint answers."""
        bearer = {"Authorization": f"Bearer {self.token}"}
        answer = requests.post(f"{self.issuer}/register", json=metadata, headers=bearer, timeout=10)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def regular_code(self) -> str:
        """An activation code of `REGULAR`."""
        database, vault = self.town.parts.database, self.town.parts.vault
        import_register(database, vault, [HEADER, ",".join(REGULAR[name] for name in HEADER.split(","))])
        with database.write() as session:
            resident_id = resolve_local_number(session, vault, REGULAR["local_number"])
            assert resident_id is not None
            return issue_activation_code(session, vault, resident_id, "counter")

    def first_sign_in(self, person: Person, page: requests.Response, key: str) -> requests.Response:
        """From the sign-in page, with the code from the counter, to the question of consent; each resident once."""
        form = person.go(page.url + "/code")
        welcome = person.submit(form, page.url + "/code", code=self.codes.pop(key), birth_date=BIRTH_DATES[key])
        assert 'data-testid="unified-id"' in welcome.text
        return person.go(f"{self.issuer}/authorize/{page.url.rsplit('/', 1)[1]}")

    def through(self, url: str, key: str | None = None, person: Person | None = None) -> tuple[Person, str]:
        """Go to `url` (the authorization endpoint), sign in if `key` says so, allow if asked; where the browser is sent."""
        person = person or Person(self.issuer)
        page = person.go(url)
        if key is not None:
            page = self.first_sign_in(person, page, key)
        if page.status_code == 200:
            page = person.submit(page, page.url, decision="allow")
        return person, page.headers["Location"]


@pytest.fixture(scope="session")
def site(template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    log = Path(tmp_path_factory.mktemp("provider")) / "log"
    with sqlite_copy(template[0]) as url, running(log, free_port(), database_url=url) as issuer:
        site = Site(issuer, url)
        with site.town:
            yield site


@pytest.fixture(scope="session")
def passkey(site: Site) -> Authenticator:
    """The device of `REGULAR`, who has claimed the account and made a passkey."""
    resident = Resident(site.issuer)
    resident.claim(resident.go(f"{site.issuer}/signin"), site.regular_code(), REGULAR["birth_date"])
    return resident.device


@pytest.fixture
def regular(site: Site, passkey: Authenticator) -> Resident:
    """`REGULAR` at a browser nobody is signed in at."""
    return Resident(site.issuer, passkey)


@pytest.fixture(scope="session")
def node() -> str:
    """Node's program."""
    found = needed.find_node()
    if found is None:
        needed.absent(needed.NO_NODE)
    return str(found)


@pytest.fixture(scope="session")
def node_modules(node: str) -> Path:
    """The installed npm packages."""
    return needed.install_packages()
