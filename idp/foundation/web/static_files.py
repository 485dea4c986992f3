"""Style sheets, scripts and pictures, under an address that changes with what it holds.

A folder is served as one sheet: `static/machi/*.css`, joined in the order of their names, is `/static/shell/machi.css`. So a sheet is
split for whoever reads it, and a page still asks for one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
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
        files = _sheet(_roots[package], path) or [_roots[package] / path]
        version = _version(tuple((file, file.stat().st_mtime_ns) for file in files))
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
    if files := _sheet(root, path):
        response = Response(_joined(files), content_type="text/css; charset=utf-8")
        response.add_etag()
        response.make_conditional(request)
    else:
        response = send_from_directory(root, path)
    # An address without a version (an import between modules) must be looked at again; one with, never.
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if request.args.get("v") else "no-cache"
    return response


@lru_cache(maxsize=256)
def _version(files: tuple[tuple[Path, int], ...]) -> str:
    """Of files with their times: a demo looks for changes at every page, and reads only what has changed."""
    return hashlib.sha256(_joined([file for file, _ in files])).hexdigest()[:12]


def _sheet(root: Path, path: str) -> list[Path]:
    """The files of the sheet that a folder is, in their order; none for everything else."""
    folder = safe_join(str(root), path.removesuffix(".css")) if path.endswith(".css") else None
    return sorted(Path(folder).glob("*.css")) if folder is not None else []


def _joined(files: Iterable[Path]) -> bytes:
    return b"\n".join(file.read_bytes() for file in files)
