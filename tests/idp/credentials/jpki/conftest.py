"""One deck of test cards for all tests here, and a trust store over copies of its files."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clients.simulators.card_reader import Deck
from idp.credentials.jpki import Purpose, TrustStore, build_statement

FILES = ("auth-roots.pem", "sign-roots.pem", "auth.crl", "sign.crl")


def load_store(directory: Path) -> TrustStore:
    """A store over the four files of a deck."""
    return TrustStore.load(*(directory / name for name in FILES))


@pytest.fixture(scope="session")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Deck:
    """A deck whose revocations stay as they are made; tests that revoke use `own_deck`."""
    return Deck.open(tmp_path_factory.mktemp("deck"))


@pytest.fixture
def own_deck(deck: Deck, tmp_path: Path) -> Deck:
    """A copy of the deck to revoke in."""
    deck.card("hanako")
    shutil.copytree(deck.state_dir, tmp_path / "deck")
    return Deck.open(tmp_path / "deck")


@pytest.fixture(scope="session")
def store(deck: Deck) -> TrustStore:
    """What the provider would pin."""
    return load_store(deck.state_dir)


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def statement(now: datetime) -> bytes:
    return statement_for(now)()


def statement_for(now: datetime) -> Callable[..., bytes]:
    """Build the session's statement with some parts changed."""

    def build(**changed: object) -> bytes:
        parts: dict[str, object] = {
            "origin": "https://id.mihon.example",
            "session_binding": b"session-1",
            "nonce": bytes(range(32)),
            "purpose": Purpose.SIGN_IN,
            "expires_at": now + timedelta(minutes=5),
        }
        return build_statement(**(parts | changed))  # type: ignore[arg-type]

    return build


@pytest.fixture(scope="session")
def rebuild(now: datetime) -> Callable[..., bytes]:
    return statement_for(now)
