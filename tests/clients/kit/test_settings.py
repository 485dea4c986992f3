"""Unsafe settings stop the app from starting."""

from __future__ import annotations

import pytest

from clients.kit import ConfigurationError, Settings

GOOD = {
    "issuer": "https://id.example.lg.jp",
    "client_id": "a",
    "client_secret": "s",
    "base_url": "https://kodomo.example.lg.jp/",
    "database": "x.db",
}


def test_https_brings_host_cookies() -> None:
    settings = Settings(**GOOD, name="childcare")
    assert settings.cookie("session") == "__Host-childcare_session"
    assert settings.base_url == "https://kodomo.example.lg.jp"
    local = Settings(**{**GOOD, "base_url": "http://localhost:8001"}, name="childcare")
    assert local.cookie("session") == "childcare_session"


def test_an_app_below_a_path_has_cookies_and_addresses_of_its_own() -> None:
    """`__Host-` cookies are for the whole host: two installations of one app must not take each other's."""
    settings = Settings(**{**GOOD, "base_url": "https://www.example.lg.jp/childcare/"}, name="childcare")
    assert settings.cookie("session") == "__Host-childcare_session~childcare"
    assert settings.home == "/childcare/"


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "http://id.example.lg.jp"},
        {"base_url": "http://kodomo.example.lg.jp"},
        {"base_url": "https://kodomo.example.lg.jp/a~b"},
        {"base_url": "https://kodomo.example.lg.jp/a/../b"},
        {"base_url": "https://kodomo.example.lg.jp//a"},
        {"client_id": ""},
        {"client_secret": None},
        {"private_key": "pem"},
        {"id_token_algorithms": ("HS256",)},
        {"id_token_algorithms": ("none",)},
        {"id_token_algorithms": ()},
        {"scope": "profile"},
        {"name": "a b"},
    ],
    ids=str,
)
def test_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        Settings(**{**GOOD, **change})  # type: ignore[arg-type]


def test_secrets_are_not_in_the_repr() -> None:
    assert "s3cret" not in repr(Settings(**{**GOOD, "client_secret": "s3cret"}))


def test_from_the_environment() -> None:
    env = {name.upper(): value for name, value in GOOD.items()} | {"EVENT_SOURCE": "https://e.example"}
    settings = Settings.from_env(env, name="childcare")
    assert settings.event_source == "https://e.example"
    assert settings.client_secret == "s"
    with pytest.raises(ConfigurationError, match="CLIENT_ID"):
        Settings.from_env({**env, "CLIENT_ID": ""})
