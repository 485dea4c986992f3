"""What most tests of the provider start from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.statements import Counter, counting
from tests.support.town import Town


@pytest.fixture
def browser(town: Town) -> Browser:
    """A browser in which 見本 花子 is signed in."""
    return town.signed_in()


@pytest.fixture
def app(town: Town) -> App:
    """An app that asks for consent."""
    return town.register()


@pytest.fixture(scope="module")
def shared_browser(shared_town: Town) -> Browser:
    """A signed-in browser in the module's town."""
    return shared_town.signed_in()


@pytest.fixture(scope="module")
def shared_app(shared_town: Town) -> App:
    """An app of the module's town."""
    return shared_town.register(client_name="shared", redirect_uris=["https://shared.example/callback"])


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    """Of the statements that reach databases opened from now on."""
    yield from counting(monkeypatch)
