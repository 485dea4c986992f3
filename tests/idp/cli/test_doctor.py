"""`machi doctor`: what it finds, what it says, and that it asks the front as a client would."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from alembic import command
from sqlalchemy import text

from idp.cli.front import MADE_UP, takes_whole
from idp.foundation.schema import alembic_config
from idp.foundation.web.health import DOCTOR, doctors_word
from tests.support.server import free_port, running
from tests.support.town import Town


def doctor(town: Town, *words: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Exit code, and state and sentence by name."""
    result = town.app.test_cli_runner().invoke(args=["machi", "doctor", "--json", *words])
    found = orjson.loads(result.stdout)
    assert found["ok"] == (result.exit_code == 0)
    return result.exit_code, {one["name"]: (one["state"], one["detail"]) for one in found["checks"]}


@pytest.fixture
def well(town: Town) -> Town:
    """A town whose schema bears the mark of the migrations, with files of its own only."""
    command.stamp(alembic_config(town.settings.database_url), "head")
    path = Path(str(town.parts.database.url.database))
    for file in path.parent.glob(f"{path.name}*"):
        file.chmod(0o600)
    return town


def test_all_is_well(well: Town) -> None:
    code, found = doctor(well, "--offline")
    assert code == 0
    assert {state for state, _ in found.values()} <= {"ok", "warn"}
    assert found["settings"][0] == "warn"  # demo settings are no settings for residents
    lines = well.app.test_cli_runner().invoke(args=["machi", "doctor", "--offline"]).output.splitlines()
    assert len(lines) == len(found)


def test_what_is_wrong_is_said_with_what_to_do(well: Town) -> None:
    well.change(text("UPDATE alembic_version SET version_num = '0001'"))
    path = Path(str(well.parts.database.url.database))
    path.chmod(0o644)
    code, found = doctor(well, "--offline")
    assert code == 1
    assert found["schema"] == ("FAIL", "the schema is older than this version: run `machi init`")
    assert found["files"][0] == "FAIL"
    assert path.name in found["files"][1]


def test_an_empty_database_is_said_to_be_empty_and_nothing_else(tmp_path: Path) -> None:
    """What cannot be read without tables is no finding of its own: the key is not to blame."""
    with Town(f"sqlite:///{tmp_path / 'new.db'}") as town:
        code, found = doctor(town, "--offline")
    wrong = {name: detail for name, (state, detail) in found.items() if state == "FAIL" and name != "files"}
    assert (code, wrong) == (1, {"schema": "the database is empty: run `machi init`"})


@pytest.mark.parametrize(("mode", "state"), [(0o600, "ok"), (0o640, "warn"), (0o644, "warn")])
def test_a_key_file_that_others_can_read(well: Town, tmp_path: Path, mode: int, state: str) -> None:
    """A warning only: containers hand out secrets that all of the few users in them can read."""
    file = tmp_path / "key"
    file.write_text(well.settings.secret_key)
    file.chmod(mode)
    with Town(well.settings.database_url, secret_key="", secret_key_file=file) as town:
        code, found = doctor(town, "--offline")
    assert (code, found["key file"][0]) == (0, state)
    assert (str(file) in found["key file"][1]) == (state == "warn")


def test_a_front_that_is_not_there(well: Town) -> None:
    code, found = doctor(well, "--url", "http://127.0.0.1:1")
    assert (code, found["front"][0]) == (1, "FAIL")


class Proxy(BaseHTTPRequestHandler):
    """Takes requests whole, and writes the forwarding headers itself unless it is told to trust the client's."""

    protocol_version = "HTTP/1.1"
    target: str
    careless = False

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        if not self.careless:
            headers = {k: v for k, v in headers.items() if not k.lower().startswith("x-forwarded")}
            headers |= {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http"}
        connection = HTTPConnection(self.target, timeout=10)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def proxy(issuer: str, careless: bool) -> Iterator[str]:
    handler = type("Handler", (Proxy,), {"target": urlsplit(issuer).netloc, "careless": careless})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.servers
def test_what_is_in_front(well: Town, tmp_path: Path) -> None:
    url = well.settings.database_url
    with running(tmp_path / "log", free_port(), database_url=url, trusted_proxies="1") as issuer:
        assert not takes_whole(urlsplit(issuer))
        code, found = doctor(
            well, "--url", issuer
        )  # nothing in front: a client's word counts, and a slow one's body comes in parts
        assert (code, found["slow bodies"][0], found["addresses"][0]) == (1, "FAIL", "FAIL")
        with proxy(issuer, careless=False) as front:
            code, found = doctor(well, "--url", front)
            assert (code, found["slow bodies"][0], found["scheme"][0]) == (0, "ok", "ok")
            assert found["addresses"] == ("ok", "this machine is seen as 127.0.0.1")
        with proxy(issuer, careless=True) as front:
            code, found = doctor(well, "--url", front)
            assert (code, found["addresses"][0], found["scheme"][0]) == (1, "FAIL", "FAIL")


def test_a_refusal_that_a_reset_overtakes_is_one() -> None:
    """Closing with something unread resets the connection (RFC 1122 §4.2.2.13), and may take the answer with it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            connection, _ = listening.accept()
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        refusing = threading.Thread(target=refuse)
        refusing.start()
        assert not takes_whole(urlsplit(f"http://127.0.0.1:{listening.getsockname()[1]}"))
        refusing.join()


@pytest.mark.parametrize("word", ["", "1.x", "٣.x", "9" * 5000 + ".x", "{old}", "{other}"])
def test_nobody_else_is_told_what_arrives(well: Town, word: str) -> None:
    vault = well.parts.vault
    word = word.format(old=f"1000.{vault.sign(DOCTOR, '1000')}", other=doctors_word(vault).replace(".", "0."))
    client = well.app.test_client()
    sent = {DOCTOR: word} if word.isascii() else {}
    assert "seen" not in client.get("/readyz", headers=sent).json
    told = client.get("/readyz", headers={DOCTOR: doctors_word(vault), "X-Forwarded-For": MADE_UP}).json["seen"]
    assert told == {"address": "127.0.0.1", "scheme": "http"}  # no proxy is trusted here
