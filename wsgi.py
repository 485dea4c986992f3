"""For WSGI servers and `flask` in a checkout, by the name that they look for; the parts are put together in `machi_id/wsgi.py`."""

from __future__ import annotations

from machi_id import wsgi as _wsgi

create_app = _wsgi.create_app


def __getattr__(name: str) -> object:
    """`app` is built when a server asks for it."""
    return getattr(_wsgi, name)
