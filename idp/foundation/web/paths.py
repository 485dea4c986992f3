"""Paths of ours as a browser must be sent to them: with the issuer's path in front, as `url_for` makes them."""

from __future__ import annotations

import re

from flask import request

# Looked at as it is, without a parser: browsers read `///host` and `/\\host` as another site, whatever a library makes of them.
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x1f\x7f]*")


def this_page() -> str:
    """Path and query of this request."""
    return request.script_root + request.full_path.rstrip("?")


def local_path(target: str | None, default: str) -> str:
    """`target` if it is a path of ours, else `default`: never a way to another site (open redirect)."""
    ours = target is not None and _LOCAL.fullmatch(target) and target.startswith(request.script_root + "/")
    return target if ours and target is not None else default
