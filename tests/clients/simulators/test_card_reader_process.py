"""The reader as a program: it prepares what a provider pins, answers over HTTP, and stops when told."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from clients.simulators.card_reader import Deck

from .reader import Page, asked

FILES = ("auth-roots.pem", "sign-roots.pem", "auth.crl", "sign.crl")
MODULE = [sys.executable, "-m", "clients.simulators.card_reader"]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [*MODULE, "--port", "0", "--state", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().split()[-1].rstrip("/")
    finally:
        process.kill()
        process.communicate()


def test_signs_in_over_http_and_stops_on_request(reader: tuple[subprocess.Popen[str], str]) -> None:
    process, base = reader
    assert requests.get(f"{base}/healthz", timeout=10).text == "ok\n"
    page = requests.get(f"{base}/read", params=asked(), timeout=10)
    (form,) = Page(page.text).forms
    result = requests.post(base + form.action, data=form.fields | {"card": "hanako", "pin": "1234"}, timeout=10)
    assert "signature" in Page(result.text).forms[0].fields
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    assert process.stderr is not None
    assert process.stderr.read() == "", "no request is logged"


def test_prepare_makes_the_files_once(tmp_path: Path) -> None:
    """Two starts at the same moment agree on one deck, and a later one keeps the roots and renews the lists."""
    command = [sys.executable, "-m", "clients.simulators.card_reader.prepare", "--state", str(tmp_path / "state")]
    for process in [subprocess.Popen(command) for _ in range(2)]:
        assert process.wait(timeout=60) == 0
    first = {name: (tmp_path / "state" / name).read_bytes() for name in FILES}
    card = Deck.open(tmp_path / "state").card("hanako").authenticate(b"x")
    subprocess.run(command, check=True, timeout=60)
    second = {name: (tmp_path / "state" / name).read_bytes() for name in FILES}
    assert first["auth-roots.pem"] == second["auth-roots.pem"] != second["sign-roots.pem"]
    assert first["auth.crl"] != second["auth.crl"]
    assert Deck.open(tmp_path / "state").card("hanako").authenticate(b"x") == card
    assert oct((tmp_path / "state").stat().st_mode & 0o777) == "0o700"
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "state" / "cards").iterdir())


def test_the_first_start_makes_no_key_but_the_two_roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes it quick: the cards' keys are made when they are used."""
    make, made = rsa.generate_private_key, list[object]()
    monkeypatch.setattr(rsa, "generate_private_key", lambda *how: (made.append(how), make(*how))[1])
    Deck.open(tmp_path)
    assert len(made) == 2


def test_lists_are_renewed_before_a_provider_finds_them_old(tmp_path: Path) -> None:
    deck = Deck.open(tmp_path)
    before = json.loads((tmp_path / "deck.json").read_bytes())["crl_number"]
    deck.refresh_crls()
    assert json.loads((tmp_path / "deck.json").read_bytes())["crl_number"] == before
    thirteen_hours_ago = (datetime.now(UTC) - timedelta(hours=13)).timestamp()
    os.utime(tmp_path / "auth.crl", (thirteen_hours_ago, thirteen_hours_ago))
    deck.refresh_crls()
    assert json.loads((tmp_path / "deck.json").read_bytes())["crl_number"] == before + 1
