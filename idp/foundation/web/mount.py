"""Serves the application below the issuer's path (`https://city.example/machi`), docs/decisions/0031.

The path becomes SCRIPT_NAME (PEP 3333), which `url_for` puts before every address. A proxy in front may pass the path on or take
it away: both arrive at the same place, as `refuse_ambiguous` sees to it that no route of ours begins like the path.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from ..settings import SettingsError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WELL_KNOWN = "/.well-known/"


def mounted(application: WSGIApplication, path: str) -> WSGIApplication:
    """`application` at `path`; at "" it is left as it is, without a step more for each request."""
    if not path:
        return application

    def at_path(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = without(path, environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
        environ["SCRIPT_NAME"] = path
        return application(environ, start_response)

    return at_path


def without(path: str, asked: str) -> str:
    """`asked` as routes know it. Metadata is also asked for with the path behind its name (RFC 8414 §3.1, SSF §7.2)."""
    if asked == path or asked.startswith(path + "/"):
        return asked[len(path) :]
    if asked.startswith(WELL_KNOWN) and asked.endswith(path) and "/" not in asked[len(WELL_KNOWN) : -len(path)]:
        return asked[: -len(path)]
    return asked


def refuse_ambiguous(app: Flask, path: str) -> None:
    """Raises `SettingsError` where a route of ours begins like the issuer's path: `/desk/desk` could then mean two pages."""
    first = path.split("/")[1:2]
    taken = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    if path and taken.intersection(first):
        raise SettingsError(
            f"MACHI_ISSUER: its path cannot begin with /{first[0]}, which is a page of ours; choose another"
        )
