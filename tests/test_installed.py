"""What somebody installs is what works: both wheels, built and put into empty environments, bear a sign-on and a case."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import zipfile
from pathlib import Path

import pytest
import requests

from idp.foundation.schema import MIGRATIONS
from machi_id import __version__
from tests.support.html import hidden_fields
from tests.support.installed import ROOT, Installed, built
from tests.support.people import BIRTH_DATES, LOCAL_NUMBERS, register_lines
from tests.support.server import free_port
from tests.support.signing_in import Resident
from tests.support.waiting import until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300), pytest.mark.xdist_group("installed")]
README = (ROOT / "clients" / "kit" / "README.md").read_text("utf-8")
OURS = ("idp", "mypage", "machi_id", "migrations")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Installed]:
    folder = tmp_path_factory.mktemp("product")
    wheel = built(".", folder)
    return wheel, Installed(folder / "environment", wheel)


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Installed]:
    folder = tmp_path_factory.mktemp("kit")
    wheel = built("clients/kit", folder)
    return wheel, Installed(folder / "environment", wheel)


def test_all_that_the_product_is_made_of_is_in_the_wheel(product: tuple[Path, Installed]) -> None:
    listed = subprocess.run(["git", "ls-files", *OURS], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    expected = {
        re.sub(r"^migrations/", "idp/migrations/", name).replace(".po", ".mo")
        for name in listed.splitlines()
        if (ROOT / name).is_file()
    }
    inside = set(zipfile.ZipFile(product[0]).namelist())
    assert {name for name in inside if ".dist-info/" not in name} == expected
    assert {name.split("/")[0] for name in expected} == {"idp", "mypage", "machi_id"}, "names that clash with nobody's"


@pytest.mark.parametrize("of", ["product", "kit"])
def test_the_licence_goes_with_it(of: str, request: pytest.FixtureRequest) -> None:
    wheel, _ = request.getfixturevalue(of)
    with zipfile.ZipFile(wheel) as archive:
        [metadata] = [name for name in archive.namelist() if name.endswith("/METADATA")]
        assert "License-Expression: Apache-2.0" in archive.read(metadata).decode().splitlines()
        [text] = [name for name in archive.namelist() if name.endswith("/licenses/LICENSE")]
        assert archive.read(text) == (ROOT / "LICENSE").read_bytes()


def test_the_command_without_any_setting(product: tuple[Path, Installed]) -> None:
    _, machi = product
    assert machi.run("machi", "--version") == f"machi, version {__version__}\n"
    assert len(machi.run("machi", "secret").strip()) == 44
    assert "_MACHI_COMPLETE=bash_complete" in machi.run("machi", _MACHI_COMPLETE="bash_source")
    words = {"_MACHI_COMPLETE": "bash_complete", "COMP_WORDS": "machi residents act", "COMP_CWORD": "2"}
    assert machi.run("machi", **words) == "plain,activation-code\nplain,activation-codes\n"
    assert list(machi.home.iterdir()) == [], "none of these has anything to keep"


def test_a_sign_on_and_a_case(product: tuple[Path, Installed], kit: tuple[Path, Installed], tmp_path: Path) -> None:
    (_, machi), (_, parks) = product, kit
    issuer, app = (f"http://localhost:{free_port()}" for _ in range(2))
    settings = {
        "MACHI_DEMO": "1",
        "MACHI_ISSUER": issuer,
        "MACHI_OUTBOUND_LOOPBACK": "1",
        "MACHI_HTTP_REDIRECTS_ON_LOCALHOST": "1",
    }
    database = machi.home / ".local" / "state" / "machi" / "machi.db"
    assert machi.run("machi", "init", **settings) == f"Ready: schema and signing keys are in {database}.\n"
    (tmp_path / "register.csv").write_text("\n".join(register_lines("hanako")), "utf-8")
    machi.run("machi", "residents", "import", str(tmp_path / "register.csv"), **settings)
    number = LOCAL_NUMBERS["hanako"]
    words = ("residents", "activation-code", "--local-number", number, "--channel", "counter", "--json")
    code = json.loads(machi.run("machi", *words, **settings))["activation_code"]
    metadata = {
        "client_name": "公園",
        "redirect_uris": [f"{app}/auth/callback"],
        "grant_types": ["authorization_code", "client_credentials"],
        "id_token_signed_response_alg": "ES256",
        "scope": "openid profile address case:write notice:write task:write",
    }
    words = ("clients", "register", "--client-id", "parks", "--event-source", "https://parks.mihon.example")
    made = json.loads(machi.run("machi", *words, "--metadata", json.dumps(metadata), "--json", **settings))

    (parks.home / "parks.py").write_text(re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0], "utf-8")
    office = {
        "ISSUER": issuer,
        "CLIENT_ID": "parks",
        "CLIENT_SECRET": made["client_secret"],
        "BASE_URL": app,
        "DATABASE": str(parks.home / "parks.db"),
        "EVENT_SOURCE": "https://parks.mihon.example",
        "SECRET_KEY": "key",
    }
    ports = [url.rpartition(":")[2] for url in (issuer, app)]
    health = free_port()
    running = [
        machi.start(tmp_path / "machi.log", "machi", "serve", "--port", ports[0], "--drain", "0", **settings),
        machi.start(tmp_path / "worker.log", "machi", "worker", "--health", f"127.0.0.1:{health}", **settings),
        parks.start(
            tmp_path / "parks.log", "python", "-m", "flask", "--app", "parks", "run", "--port", ports[1], **office
        ),
    ]

    def answers(url: str) -> bool:
        assert all(process.poll() is None for process in running), [p.read_text() for p in tmp_path.glob("*.log")]
        try:
            return requests.get(url, timeout=5).ok
        except requests.ConnectionError:
            return False

    try:
        for url in (f"{issuer}/readyz", f"http://127.0.0.1:{health}/readyz", app):
            until(lambda url=url: answers(url), 60)
        hanako = Resident(issuer, lang="ja")
        page = hanako.go(f"{app}/auth/login")
        assert 'lang="ja"' in page.text
        hanako.claim(page, code, BIRTH_DATES["hanako"])
        back = hanako.visit(f"{app}/auth/login")
        home = hanako.http.get(back.headers["Location"], timeout=10)
        assert "見本 花子 さん" in home.text
        assert hanako.http.post(f"{app}/apply", data=hidden_fields(home.text), timeout=10).text == "受け付けました。"
        until(lambda: "公園利用申込" in hanako.http.get(f"{issuer}/my/", timeout=10).text, 30)
        assert "申請" in hanako.http.get(f"{issuer}/my/", timeout=10).text, "translations are inside"
        style = re.findall(r'href="(/[^"]+\.css[^"]*)"', hanako.http.get(f"{issuer}/my/", timeout=10).text)[0]
        assert hanako.http.get(issuer + style, timeout=10).ok
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(15)
    assert {path.relative_to(machi.home).parts[0] for path in machi.home.rglob("*")} == {".local"}
    assert MIGRATIONS == ROOT / "migrations", "the test process itself has the checkout's"
