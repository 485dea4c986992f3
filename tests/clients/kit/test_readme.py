"""The app in the README works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

from tests.clients.tiny_provider import TinyProvider
from tests.support.server import free_port
from tests.support.serving import Served
from tests.support.waiting import until

README = Path(__file__).parents[3] / "clients" / "kit" / "README.md"


def test_the_example_app(provider: TinyProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    environment = {
        "ISSUER": provider.issuer,
        "CLIENT_ID": "parks",
        "CLIENT_SECRET": "secret",
        "BASE_URL": f"http://localhost:{port}",
        "DATABASE": str(tmp_path / "parks.db"),
        "EVENT_SOURCE": "https://parks.mihon.example",
        "SECRET_KEY": "key",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    code = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)[0]
    assert len(code.splitlines()) <= 40
    names: dict[str, object] = {"__name__": "parks"}
    exec(
        compile(code.replace("machi_kit", "clients.kit"), "README.md", "exec"), names
    )  # as it is called in the source tree
    served = Served(names["app"], port)  # type: ignore[arg-type]
    try:
        browser = requests.Session()
        assert "まちIDでサインイン" in browser.get(served.url).text
        page = browser.get(served.url + "/auth/login").text
        assert "見本 花子 さん" in page
        token = re.findall(r'value="([0-9a-f]{64})"', page)[0]
        assert browser.post(served.url + "/apply", data={"csrf_token": token}).text == "受け付けました。"
        until(lambda: provider.events)
        assert provider.events[0]["data"]["phase"] == "sent"
    finally:
        names["machi"].reporter.stop()  # type: ignore[attr-defined]
        served.stop()
