"""The reader in a real browser: from the service to the reader and on to the app that asked, with and without
scripts.
"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from clients.simulators.card_reader.app import create_app

from .reader import asked

pytestmark = pytest.mark.browser


class Service(BaseHTTPRequestHandler):
    """Takes the answer as our provider does, and sends the browser on to another origin by a page, as a finished sign-in does."""

    answers: list[dict[str, list[str]]] = []
    onward = ""

    def do_POST(self) -> None:
        self.answers.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(
            f'<!doctype html><title>on</title><meta http-equiv="refresh" content="0; url={self.onward}">'.encode()
        )

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>app</title><h1>arrived</h1>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """(reader, service), both running; the service sends the browser on to a third origin."""
    state: Path = tmp_path_factory.mktemp("deck")
    reader = make_server("127.0.0.1", 0, create_app({"STATE_DIR": state}), threaded=True)
    service, app = (ThreadingHTTPServer(("127.0.0.1", 0), Service) for _ in range(2))
    Service.onward = f"http://localhost:{app.server_port}/callback"
    for server in (reader, service, app):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{reader.server_port}", f"http://localhost:{service.server_port}"
    for server in (reader, service, app):
        server.shutdown()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_claim_reaches_the_app_behind_the_service(scripts: bool, addresses: tuple[str, str], chromium: Browser) -> None:
    reader, service = addresses
    Service.answers.clear()
    context = chromium.new_context(java_script_enabled=scripts, viewport={"width": 320, "height": 700})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{reader}/read?{urlencode(asked('claim', service))}")
    page.get_by_test_id("card-midori").check()
    page.get_by_test_id("card-pin").fill("1234")
    page.get_by_test_id("card-sign-password").fill("ABC123")
    if scripts:
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        small = "[...document.querySelectorAll('button, label.tile, .field input')].filter(e => e.offsetHeight < 44)"
        assert page.evaluate(f"{small}.length") == 0
    page.get_by_test_id("card-submit").click()
    if not scripts:
        page.get_by_test_id("card-return").click()
    page.wait_for_url(Service.onward)
    assert complaints == []
    context.close()

    (fields,) = Service.answers
    assert set(fields) == {"challenge", "certificate", "signature", "sign_certificate", "sign_signature"}
