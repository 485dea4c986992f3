"""What a sign-on and a passkey sign-in cost in one thread, without server or client: CPU inside the application, and of PostgreSQL."""

from __future__ import annotations

import hashlib
import io
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

from .cpu import cpu_seconds
from .instance import database, prepare
from .target import CHALLENGE, REDIRECT, VERIFIER, Target, free_port

Work = Callable[[], None]


def run(kinds: list[str], repeats: int = 400) -> None:
    """Print CPU per unit of work: median microseconds in the application, mean milliseconds with the database's processes."""
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder, database(kind, Path(folder)) as (url, live_url, pids):
            app = application(kind, url, live_url)
            for name, work in app.works().items():
                for _ in range(30):
                    work()
                measured = _measure(app, work, repeats, pids)
                print(f"{kind:12} {name:34} {measured}", flush=True)
            app.close()


def _measure(app: InProcess, work: Work, repeats: int, pids: list[int]) -> str:
    times, before = [], cpu_seconds(pids)
    for _ in range(repeats):
        app.nanoseconds = 0
        work()
        times.append(app.nanoseconds)
    of_database = (cpu_seconds(pids) - before) / repeats * 1000
    median = statistics.median(times) / 1000
    return f"{median:8.0f} us   {median / 1000 + of_database:6.2f} ms with the database's processes"


def application(kind: str, url: str, live_url: str) -> InProcess:
    """A prepared provider in this process."""
    port = free_port()
    os.environ.update(
        MACHI_DEMO="1",
        MACHI_ISSUER=f"http://localhost:{port}",
        MACHI_DATABASE_URL=url,
        MACHI_LIVE_URL=live_url,
        MACHI_HTTP_REDIRECTS_ON_LOCALHOST="1",
        MACHI_ACCESS_TOKEN_SECONDS="3600",
        MACHI_SIGNIN_LIMIT="1000000/minute",
        MACHI_ATTEMPT_LIMIT="1000000/minute",
    )
    target = prepare(kind, port, 50)
    from machi_id.wsgi import create_app

    made = InProcess(create_app(worker=False), target)
    made.add_passkey()
    return made


@dataclass
class InProcess:
    """Calls the application as a server does, and adds up the thread's CPU time inside of it."""

    app: Any
    target: Target
    nanoseconds: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    browser: str = "b" * 43

    def works(self) -> dict[str, Work]:
        return {
            "sign-on": self.sign_on,
            "passkey: options and assertion": self.passkey,
            "passkey: with the page before it": self.passkey_from_the_page,
        }

    def call(
        self, method: str, path: str, query: str = "", body: bytes = b"", **headers: str
    ) -> tuple[dict[str, str], bytes]:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": "", "SERVER_NAME": "localhost",
            "SERVER_PORT": self.target.base.rpartition(":")[2], "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "192.0.2.1",
            "HTTP_HOST": self.target.base.partition("//")[2], "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(), "wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": True,
            "wsgi.run_once": False, "CONTENT_LENGTH": str(len(body)),
        } | headers  # fmt: skip
        said: dict[str, str] = {}

        def start_response(status: str, given: list[tuple[str, str]], _info: Any = None) -> Any:
            said.update(dict(given), status=status)

        before = time.thread_time_ns()
        answer = self.app(environ, start_response)
        found = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        self.nanoseconds += time.thread_time_ns() - before
        return said, found

    def sign_on(self) -> None:
        """authorize with a live login and consent, token, userinfo."""
        asked = {
            "response_type": "code", "scope": "openid profile", "client_id": self.target.client_id, "redirect_uri": REDIRECT,
            "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        }  # fmt: skip
        said, _ = self.call("GET", "/authorize", urlencode(asked), HTTP_COOKIE=self.target.cookie)
        code = said["Location"].partition("code=")[2].partition("&")[0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        _, body = self.call(
            "POST", "/token", "", urlencode(form).encode(), CONTENT_TYPE="application/x-www-form-urlencoded",
            HTTP_AUTHORIZATION=f"Basic {self.target.basic}",
        )  # fmt: skip
        token = json.loads(body)["access_token"]
        said, _ = self.call("GET", "/userinfo", HTTP_AUTHORIZATION=f"Bearer {token}")
        assert said["status"].startswith("200"), said

    def passkey(self) -> None:
        """The two requests of a ceremony, each time in a new browser, in a sign-in that began before."""
        self._begin()
        self.nanoseconds = 0
        self._ceremony()

    def passkey_from_the_page(self) -> None:
        """The same, with the page it stands on and the redirect there."""
        self._begin()
        self.call("GET", self.attempt, HTTP_COOKIE=f"machi_browser={self.browser}", HTTP_ACCEPT="text/html")
        self._ceremony()

    def _begin(self) -> None:
        said, _ = self.call("GET", "/signin", HTTP_COOKIE=f"machi_browser={self.browser}", HTTP_ACCEPT="text/html")
        self.attempt = said["Location"]

    def _ceremony(self) -> None:
        headers = {
            "HTTP_COOKIE": f"machi_browser={self.browser}",
            "HTTP_X_CSRF_TOKEN": self.app.extensions["machi"].vault.sign("csrf", self.browser),
            "HTTP_ORIGIN": self.target.base,
            "HTTP_ACCEPT": "application/json",
            "CONTENT_TYPE": "application/json",
            "HTTP_USER_AGENT": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36",
        }
        _, body = self.call("POST", f"{self.attempt}/passkey/options", "", b"{}", **headers)
        proof = self._assertion(json.loads(body)["challenge"])
        said, body = self.call("POST", f"{self.attempt}/passkey", "", proof, **headers)
        assert said["status"].startswith("200"), body

    def _assertion(self, challenge: str) -> bytes:
        client = json.dumps({"type": "webauthn.get", "challenge": challenge, "origin": self.target.base}).encode()
        data = hashlib.sha256(b"localhost").digest() + bytes([0x01 | 0x04 | 0x08 | 0x10]) + bytes(4)
        response = {
            "clientDataJSON": bytes_to_base64url(client),
            "authenticatorData": bytes_to_base64url(data),
            "signature": bytes_to_base64url(self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))),
            "userHandle": bytes_to_base64url(b"h" * 32),
        }
        name = bytes_to_base64url(b"c" * 32)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response}).encode()

    def add_passkey(self) -> None:
        """For the resident of the prepared login."""
        from sqlalchemy import select

        from idp.credentials.model import Passkey, PasskeyUser
        from idp.foundation import clock
        from idp.logins.model import LoginSession

        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        with self.app.extensions["machi"].database.write() as session:
            resident_id = session.scalars(select(LoginSession.resident_id)).one()
            session.add(PasskeyUser(resident_id=resident_id, user_handle=b"h" * 32))
            record = {"public_key": cose, "sign_count": 0, "device_type": "multi_device", "backed_up": True}
            about = {"aaguid": "0" * 36, "label": "bench", "created_at": clock.now()}
            ids = {"credential_id": "bench", "resident_id": resident_id, "webauthn_id": b"c" * 32}
            session.add(Passkey(**ids, **record, **about))

    def close(self) -> None:
        self.app.extensions["machi"].close()
        self.app.extensions["machi_oidc"].store.close()
