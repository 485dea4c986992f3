"""Both departmental apps over HTTP, with a tiny provider."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from clients.benefits.department import DEPARTMENT as BENEFITS
from clients.childcare.department import DEPARTMENT as CHILDCARE
from clients.office import Department, create_app
from tests.clients.tiny_provider import TinyProvider
from tests.support.server import free_port
from tests.support.serving import Served

PASSWORD = "staff-password-for-tests"
TRANSLATIONS = Path(__file__).parents[3] / "clients/office/translations/ja/LC_MESSAGES/messages.po"


@pytest.fixture(scope="session", autouse=True)
def japanese() -> None:
    """Compiled catalogues are not in the repository."""
    compiled = TRANSLATIONS.with_suffix(".mo")
    if not compiled.exists() or compiled.stat().st_mtime < TRANSLATIONS.stat().st_mtime:
        part = compiled.with_suffix(f".{free_port()}")
        with TRANSLATIONS.open("rb") as po, part.open("wb") as mo:
            write_mo(mo, read_po(po, locale="ja"))
        part.rename(compiled)


def environment(department: Department, provider: TinyProvider, path: Path, port: int) -> dict[str, str]:
    return {
        "ISSUER": provider.issuer,
        "CLIENT_ID": f"{department.code}-1",
        "CLIENT_SECRET": "secret",
        "BASE_URL": f"http://localhost:{port}",
        "DATABASE": str(path / f"{department.code}.db"),
        "EVENT_SOURCE": f"https://{department.code}.example.lg.jp",
        "SECRET_KEY": "a-key-for-tests-only",
        "STAFF_PASSWORD": PASSWORD,
    }


class Site:
    """A departmental app and a browser-like client for it."""

    def __init__(self, department: Department, provider: TinyProvider, path: Path) -> None:
        port = free_port()
        self.environment = environment(department, provider, path, port)
        self.app = create_app(department, self.environment)
        self.office = self.app.extensions["office"]
        self.office.reporter.start()
        self.served = Served(self.app, port)
        self.url = self.served.url

    def close(self) -> None:
        self.office.reporter.stop()
        self.served.stop()

    def visitor(self, language: str = "ja") -> Visitor:
        return Visitor(self.url, language)


class Visitor:
    def __init__(self, url: str, language: str = "ja") -> None:
        self.url = url
        self.browser = requests.Session()
        self.browser.headers["Accept-Language"] = language

    def get(self, path: str, **more: object) -> requests.Response:
        return self.browser.get(self.url + path, **more)  # type: ignore[arg-type]

    def sign_in(self) -> Visitor:
        assert self.get("/auth/login").status_code == 200
        return self

    def token(self, path: str = "/") -> str:
        found = re.findall(r'name="csrf_token" value="([0-9a-f]{64})"', self.get(path).text)
        return str(found[0])

    def post(self, path: str, data: dict[str, str], *, form: str = "/", **more: object) -> requests.Response:
        """Send a form that stands on the page `form`."""
        return self.browser.post(self.url + path, data={"csrf_token": self.token(form), **data}, **more)  # type: ignore[arg-type]

    def staff(self) -> Visitor:
        answer = self.post("/staff/signin", {"staff_name": "担当者", "password": PASSWORD}, form="/staff/signin")
        assert answer.url == self.url + "/staff"
        return self

    def move(self, number: str, phase: str, **fields: str) -> requests.Response:
        path = f"/staff/cases/{number}"
        seen = re.findall(r'name="seen" value="([^"]+)"', self.get(path).text)[0]
        return self.post(path, {"phase": phase, "seen": seen, **fields}, form=path)


@pytest.fixture
def childcare(provider: TinyProvider, tmp_path: Path) -> Iterator[Site]:
    site = Site(CHILDCARE, provider, tmp_path)
    yield site
    site.close()


@pytest.fixture
def benefits(provider: TinyProvider, tmp_path: Path) -> Iterator[Site]:
    site = Site(BENEFITS, provider, tmp_path)
    yield site
    site.close()


DAYCARE = {
    "child_name": "見本 そら",
    "child_birthdate": "2025-09-20",
    "first_choice": "chuo",
    "second_choice": "",
    "start": "2027-04-01",
    "reason": "work",
    "note": "卵アレルギー\nがあります",
}


def apply(visitor: Visitor, **change: str) -> str:
    """Apply for a nursery place; returns the receipt number."""
    answers = {**DAYCARE, **change}
    checked = visitor.post("/apply/daycare", answers)
    assert checked.status_code == 200
    draft = re.findall(r'name="draft" value="([^"]+)"', checked.text)[0]
    done = visitor.post("/apply/daycare/send", {**answers, "draft": draft})
    return str(re.findall(r'data-testid="receipt-number">([^<]+)<', done.text)[0])
