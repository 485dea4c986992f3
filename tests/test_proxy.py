"""The proxy's configuration that we hand out."""

from __future__ import annotations

import re
from pathlib import Path

CONF = (Path(__file__).parents[1] / "deploy" / "nginx" / "machi.conf").read_text("utf-8")


def test_what_a_client_says_about_itself_passes_at_no_address() -> None:
    """A location that sets one header of its own inherits none (nginx), and one that sets none needs those of the server."""
    server = CONF[CONF.index("\nserver {") :]
    inside = "".join(re.findall(r"^    location [^{]*\{[^}]*\}", server, re.MULTILINE))
    assert inside.count("proxy_pass") >= 3
    assert "proxy_set_header" not in inside
    for name in ("X-Forwarded-For $remote_addr", "X-Forwarded-Proto $scheme", 'Client-Cert ""'):
        assert f"proxy_set_header {name};" in server
