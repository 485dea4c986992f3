"""A served city and a real Chromium looking at it."""

from __future__ import annotations

import threading
from types import TracebackType

from playwright.sync_api import Browser, BrowserContext
from werkzeug.serving import make_server

from tests.mypage.city import City
from tests.mypage.pages.conftest import Visit


class Served:
    """`city` answering at `url`, in threads of this process."""

    def __init__(self, city: City, port: int) -> None:
        self.city = city
        self.url = f"http://localhost:{port}"
        self._server = make_server("127.0.0.1", port, city.app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Served:
        self.city.parts.worker.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def window(
    browser: Browser, served: Served, visit: Visit, scheme: str = "light", lang: str = "ja", width: int = 390
) -> BrowserContext:
    """A signed-in window."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )  # type: ignore[arg-type]
    session = visit.client.get_cookie("machi_session")
    assert session is not None
    context.add_cookies(
        [
            {"name": "machi_session", "value": session.value, "url": served.url},
            {"name": "machi_lang", "value": lang, "url": served.url},
        ]
    )
    return context
