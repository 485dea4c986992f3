"""Style sheets, scripts and pictures, under an address that changes with what it holds.

A folder is served as one sheet: `static/machi/*.css`, joined in the order of their names, is `/static/shell/machi.css`. So a sheet is
split for whoever reads it, and a page still asks for one.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Blueprint, Response, abort, request, send_from_directory, url_for
from werkzeug.security import safe_join

from ..context import parts
from .callers import Caller, called_by

bp = Blueprint("static_files", __name__)

_roots: dict[str, Path] = {"shell": Path(__file__).parent / "static"}
_versions: dict[tuple[str, str], str] = {}


def add_static(package: str, root: Path) -> None:
    """Serve `root` under `/static/<package>/…`."""
    _roots[package] = root


def static_url(path: str, package: str = "shell") -> str:
    """The address of a static file with its content's version, cacheable for a year. Raises OSError if there is no such file."""
    key = (package, path)
    version = _versions.get(key)
    if version is None:
        content = _joined(_roots[package], path) or (_roots[package] / path).read_bytes()
        version = hashlib.sha256(content).hexdigest()[:12]
        if not parts().settings.demo:
            _versions[key] = version
    return url_for("static_files.static_file", package=package, path=path, v=version)


@bp.get("/static/<package>/<path:path>")
@called_by(Caller.ANYONE)
def static_file(package: str, path: str) -> Response:
    """A style sheet, script module or picture."""
    root = _roots.get(package)
    if root is None:
        abort(404)
    if sheet := _joined(root, path):
        response = Response(sheet, content_type="text/css; charset=utf-8")
        response.add_etag()
        response.make_conditional(request)
    else:
        response = send_from_directory(root, path)
    # An address without a version (an import between modules) must be looked at again; one with, never.
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if request.args.get("v") else "no-cache"
    return response


def _joined(root: Path, path: str) -> bytes | None:
    """The sheet that a folder is; None for everything else."""
    folder = safe_join(str(root), path.removesuffix(".css")) if path.endswith(".css") else None
    if folder is None or not (found := sorted(Path(folder).glob("*.css"))):
        return None
    return b"\n".join(file.read_bytes() for file in found)
