"""Small apps, each with one library as the library's own documentation shows it. `/login` begins, `/me` says who is signed in."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, redirect, session, url_for
from werkzeug.wrappers import Response

from tests.support.serving import Served
from tests.support.waiting import until

HERE = Path(__file__).resolve().parent / "web"


@contextmanager
def node_app(node: str, node_modules: Path, folder: Path, name: str, given: dict[str, Any]) -> Iterator[None]:
    """`web/<name>.mjs`, in `folder`, until the block ends. `given`: issuer, url, port, client_id, client_secret, switches."""
    (folder / "node_modules").symlink_to(node_modules)
    script = folder / f"{name}.mjs"
    script.write_bytes((HERE / script.name).read_bytes())
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([node, script, json.dumps(given)], stdout=output, stderr=subprocess.STDOUT)

        def up() -> bool:
            assert process.poll() is None, f"it ended: {log.read_text('utf-8')[-2000:]}"
            try:
                return bool(requests.head(f"{given['url']}/", allow_redirects=False, timeout=5).status_code)
            except requests.ConnectionError:
                return False

        try:
            until(up, 30)
            yield
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def authlib_app(given: dict[str, Any]) -> Iterator[None]:
    """Authlib's Flask client; `given` as above, the switches are `client_kwargs`."""
    app = Flask("authlib")
    app.secret_key = given["client_secret"]
    oauth = OAuth(app)
    oauth.register(
        "machi",
        client_id=given["client_id"],
        client_secret=given["client_secret"],
        server_metadata_url=f"{given['issuer']}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email", **given["switches"]},
    )

    @app.get("/login")
    def login() -> Response:
        answer: Response = oauth.machi.authorize_redirect(url_for("callback", _external=True))
        return answer

    @app.get("/callback")
    def callback() -> Response | dict[str, Any]:
        try:
            token = oauth.machi.authorize_access_token()
        except OAuthError as error:
            return {"error": error.error, "description": error.description}
        session["person"] = {"sub": token["userinfo"]["sub"]} | oauth.machi.userinfo(token=token)
        return redirect(url_for("me"))

    @app.get("/me")
    def me() -> dict[str, Any]:
        return {name: session["person"].get(name) for name in ("sub", "name", "email")}

    served = Served(app, given["port"])
    try:
        yield
    finally:
        served.stop()
