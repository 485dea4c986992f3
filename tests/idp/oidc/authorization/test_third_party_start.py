"""Third-party initiated login (OIDC Core §4): my page starts an app by its registered https address, with `iss` and target."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from idp.oidc.access.apps import apps_with_access
from idp.oidc.client_metadata.metadata import MetadataError
from tests.support.town import Town


def start_uri(town: Town, **metadata: str) -> str | None:
    browser, app = town.signed_in(), town.register(**metadata)
    browser.sign_on(app)
    resident = town.resident()
    with town.app.test_request_context(), town.parts.database.read() as session:
        return apps_with_access(session, resident)[0].start_uri


def test_a_tile_starts_the_app_with_our_issuer(town: Town) -> None:
    found = urlsplit(
        str(start_uri(town, initiate_login_uri="https://a.example/start?t=1", client_uri="https://a.example/home"))
    )
    assert (found.netloc, found.path) == ("a.example", "/start")
    assert parse_qs(found.query) == {"t": ["1"], "iss": [town.issuer], "target_link_uri": ["https://a.example/home"]}


def test_a_target_elsewhere_is_not_sent(town: Town) -> None:
    found = start_uri(town, initiate_login_uri="https://a.example/start", client_uri="https://b.example/")
    assert parse_qs(urlsplit(str(found)).query) == {"iss": [town.issuer]}


def test_without_the_address_there_is_no_tile(town: Town) -> None:
    assert start_uri(town) is None


@pytest.mark.parametrize(
    "uri", ["http://a.example/start", "javascript:alert(1)", "https://a.example/start#x", "/start"]
)
def test_only_https(town: Town, uri: str) -> None:
    """OIDF plan 3rdparty-init-login: non-https is refused."""
    with pytest.raises(MetadataError):
        town.register(initiate_login_uri=uri)
