"""The smallest app that uses the kit, served over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask

from clients.kit import MachiID, Settings
from tests.clients.tiny_provider import TinyProvider
from tests.support.server import free_port
from tests.support.serving import Served


class App:
    def __init__(self, provider: TinyProvider, path: Path, **settings: object) -> None:
        port = free_port()
        values = {"client_secret": "s3cret:with colon", "client_id": "app-1", "name": "tiny", **settings}
        if values.get("private_key"):
            values["client_secret"] = None
        self.provider = provider
        self.settings = Settings(
            issuer=provider.issuer,
            base_url=f"http://localhost:{port}",
            database=str(path / "app.db"),
            event_source="https://kodomo.example.lg.jp",
            **values,  # type: ignore[arg-type]
        )
        app = Flask("tiny_app")
        app.secret_key = "test"
        self.machi = MachiID(app, self.settings, locale=lambda: "en")

        @app.get("/")
        def home() -> str:
            resident = self.machi.resident
            return f"hello {resident.name}" if resident else "nobody"

        @app.get("/mine")
        @self.machi.sign_in_required
        def mine() -> str:
            return "mine"

        @app.get("/token")
        def token() -> str:
            return str(app.jinja_env.globals["csrf_token"]())

        @app.post("/save")
        def save() -> str:
            return "saved"

        self.served = Served(app, port)
        self.url = self.served.url

    def close(self) -> None:
        self.machi.reporter.stop()
        self.served.stop()

    def sign_in(self, browser: requests.Session | None = None, path: str = "/auth/login") -> requests.Response:
        return (browser or requests.Session()).get(self.url + path)

    def sign_out(self, browser: requests.Session) -> requests.Response:
        token = browser.get(self.url + "/token").text
        return browser.post(self.url + "/auth/logout", data={"csrf_token": token})


@pytest.fixture
def app(provider: TinyProvider, tmp_path: Path) -> Iterator[App]:
    made = App(provider, tmp_path)
    yield made
    made.close()


@pytest.fixture
def browser() -> requests.Session:
    return requests.Session()
