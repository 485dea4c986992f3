"""An instance for test suites of others: demo mode, wide limits, loopback allowed, everything they need printed as one JSON line.

`python -m deploy.for_tests --port 8000 [--issuer https://op.example] [--state DIR]`. A `MACHI_*` variable that is set wins over
what is chosen here. Never for real residents.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from idp.foundation.settings import Settings

from .demo.city import REGISTER, RESIDENTS, Place

WIDE = "1000000/minute"


def environment(place: Place, issuer: str) -> dict[str, str]:
    """The settings; those already in the environment stay as they are."""
    chosen = {
        **place.environment(),
        "MACHI_ISSUER": issuer,
        **{f"MACHI_{name.upper()}": WIDE for name in Settings.model_fields if name.endswith("_limit")},
        # Suites send neither PKCE nor, in one module, a nonce.
        "MACHI_CODE_BINDING": "none",
        # An https issuer needs somebody in front who ends TLS.
        "MACHI_TRUSTED_PROXIES": "1" if issuer.startswith("https://") else "0",
    }
    return chosen | {name: value for name, value in os.environ.items() if name.startswith("MACHI_")}


def prepare(place: Place) -> dict[str, Any]:
    """Schema, keys, register; returns what a suite needs to begin."""
    from clients.simulators.card_reader.deck import Deck

    Deck.open(place.cards)
    from machi_id.wsgi import create_app

    app = create_app(worker=False)
    runner = app.test_cli_runner()

    def machi(*arguments: str) -> dict[str, Any]:
        result = runner.invoke(args=["machi", *arguments, "--json"], catch_exceptions=False)
        found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
        if result.exit_code != 0:
            raise SystemExit(f"for_tests: machi {arguments[0]} failed: {found}")
        return found

    machi("init")
    machi("residents", "import", str(REGISTER))
    token = machi("clients", "initial-access-token", "--note", "test suite", "--uses", "1000", "--days", "90")
    codes = {
        key: machi("residents", "activation-code", "--local-number", number, "--channel", "post")["activation_code"]
        for key, number in RESIDENTS.items()
    }
    issuer = app.extensions["machi"].settings.issuer
    app.extensions["machi"].close()
    return {
        "issuer": issuer,
        "discovery": f"{issuer}/.well-known/openid-configuration",
        "initial_access_token": token["initial_access_token"],
        "activation_codes": codes,
        "card_reader": place.reader,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.for_tests")
    parser.add_argument("--host", default="127.0.0.1", help="where the server listens")
    parser.add_argument("--port", type=int, default=8000, help="the card reader listens on this + 3")
    parser.add_argument("--issuer", default="", help="public base URL; https when a proxy in front ends TLS")
    parser.add_argument("--state", type=Path, default=Path("var/for_tests"))
    options = parser.parse_args()
    place = Place(options.port, options.state.absolute())
    place.state.mkdir(parents=True, exist_ok=True)
    os.environ.update(environment(place, options.issuer or place.issuer))
    print(json.dumps(prepare(place), ensure_ascii=False), flush=True)
    parts = (
        ["machi_id", "serve", "--host", options.host, "--port", str(place.port), "--drain", "0"],
        ["clients.simulators.card_reader", "--port", str(place.port + 3), "--state", str(place.cards)],
    )
    running = [subprocess.Popen([sys.executable, "-m", *part], start_new_session=True) for part in parts]

    def stop(_number: int, _frame: FrameType | None) -> None:
        for process in running:
            process.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    code = running[0].wait()
    stop(0, None)
    running[1].wait()
    return 0 if code in (0, -signal.SIGTERM) else code


if __name__ == "__main__":
    sys.exit(main())
