"""What a process of the product costs that nobody asks anything: what is in it, and how much memory that is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support.server import environment

ROOT = Path(__file__).resolve().parents[1]
# For other databases, for commands, for tests: each is megabytes and a part of the start in every process that serves.
ELSEWHERE = {
    "alembic": "migrations: `machi init`",
    "mako": "with Alembic",
    "pygments": "with Mako",
    "psycopg": "PostgreSQL",
    "redis": "several processes",
    "granian": "the server around it",
    "jsonschema": "tests",
    "pip": "nothing",
    "setuptools": "nothing",
    "unittest": "nothing",
    "pytest": "nothing",
}
LOOK = """
import json, sys
from machi_id.wsgi import create_app
from idp.foundation.context import parts
app = create_app(worker=False)
words = parts(app).readiness.report().checks
[rss] = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS:")]
print(json.dumps({"modules": sorted({name.split(".")[0] for name in sys.modules}), "rss": rss, "schema": words["schema"]}))
"""

NOT_FOR_OPEN_PAGES = {
    "authlib": "OpenID Connect",
    "jwt": "OpenID Connect",
    "webauthn": "signing in",
    "idp.signin": "signing in",
    "idp.oidc": "OpenID Connect",
    "idp.desk": "the desk",
    "idp.cli": "other commands",
    "idp.app": "the application",
    "mypage.install": "the application",
    "mypage.pages": "the application",
    "mypage.notices": "what pages show",
}
LIVE = """
import json, sys
import machi_id.command, machi_id.live
print(json.dumps(sorted(sys.modules)))
"""


def test_the_live_server_loads_nothing_that_its_pages_would_wait_for() -> None:
    done = subprocess.run([sys.executable, "-c", LIVE], capture_output=True, text=True, check=True, cwd=ROOT)
    found = json.loads(done.stdout)
    assert "mypage.delivery.live.serve" in found
    assert {name: why for name, why in (ELSEWHERE | NOT_FOR_OPEN_PAGES).items() if name in found} == {}


def test_a_process_on_sqlite_holds_only_what_it_uses(sqlite_url: str) -> None:
    env = environment("http://localhost:8000", database_url=sqlite_url) | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", LOOK], env=env, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["schema"] == "missing", "the look at the schema is part of it"
    assert {name: why for name, why in ELSEWHERE.items() if name in found["modules"]} == {}
    assert found["rss"] < 120 * 1024, "KiB"
