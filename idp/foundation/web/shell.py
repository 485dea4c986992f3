"""Puts the web shell on an application: languages, guards, headers, template globals, static files."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, request, send_from_directory, url_for
from flask_babel import Babel
from werkzeug.middleware.proxy_fix import ProxyFix

from ..clock import CITY_ZONE
from ..context import Parts, parts
from ..others import seen, web_address
from ..scrub import trust
from . import callers, cookies, csrf, headers, health, language, mount, openapi_document, paths
from .bodies import Bodies
from .callers import Caller, called_by
from .errors import register_error_handlers
from .home import Home, set_home
from .isolated import isolated
from .nul import refuse_nul_in_path, refuse_nul_in_values
from .telemetry_hooks import log_request

MAX_BODY = 8 * 1024 * 1024
MAX_FORM_FIELDS = 200

bp = Blueprint("shell", __name__, template_folder="templates")


_static_roots: dict[str, Path] = {"shell": Path(__file__).parent / "static"}
_versions: dict[tuple[str, str], str] = {}


def add_static(package: str, root: Path) -> None:
    """Serve `root` under `/static/<package>/…`."""
    _static_roots[package] = root


def static_url(path: str, package: str = "shell") -> str:
    """The address of a static file with its content's version, cacheable for a year."""
    key = (package, path)
    version = _versions.get(key)
    if version is None:
        content = (_static_roots[package] / path).read_bytes()
        version = hashlib.sha256(content).hexdigest()[:12]
        if not parts().settings.demo:
            _versions[key] = version
    return url_for("shell.static_file", package=package, path=path, v=version)


@bp.get("/static/<package>/<path:path>")
@called_by(Caller.ANYONE)
def static_file(package: str, path: str) -> Response:
    """A style sheet, script module or picture."""
    root = _static_roots.get(package)
    if root is None:
        abort(404)
    response = send_from_directory(root, path)
    # An address without a version (an import between modules) must be looked at again; one with, never.
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if request.args.get("v") else "no-cache"
    return response


def install_shell(app: Flask, instance: Parts, home: Home) -> None:
    """Make `app` ready for rooms to register their blueprints."""
    app.extensions["machi"] = instance
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_PARTS=MAX_FORM_FIELDS,
        BABEL_DEFAULT_LOCALE="ja",
        BABEL_DEFAULT_TIMEZONE=str(CITY_ZONE),
        BABEL_TRANSLATION_DIRECTORIES=";".join(
            str(Path(str(import_module(name).__file__)).parent / "translations")
            for name in dict.fromkeys(("idp", home.package))
        ),
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    Babel(app, locale_selector=language.language, timezone_selector=lambda: str(CITY_ZONE))
    register_error_handlers(app)
    app.before_request(refuse_nul_in_path)
    app.before_request(callers.enforce)
    callers.guard(app, Caller.RESIDENT, refuse_nul_in_values)
    for caller in callers.BY_COOKIE:
        callers.guard(app, caller, csrf.check_csrf)
    app.after_request(headers.add_headers)
    app.after_request(cookies.keep_browser)
    app.after_request(log_request)
    app.context_processor(_globals)
    for helper in (isolated, seen, web_address):
        app.add_template_global(helper)
    app.add_template_filter(isolated)
    set_home(app, home)
    trust(home.package)
    app.register_blueprint(bp)
    app.register_blueprint(health.bp)
    app.register_blueprint(language.bp)
    app.register_blueprint(openapi_document.bp)
    app.wsgi_app = Bodies(app.wsgi_app)  # type: ignore[method-assign]
    app.wsgi_app = mount.mounted(app.wsgi_app, instance.settings.path)  # type: ignore[assignment, method-assign]
    if instance.settings.trusted_proxies:
        n = instance.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=0)  # type: ignore[method-assign]


def _globals() -> dict[str, Any]:
    from flask_babel import gettext

    return {
        "static_url": static_url,
        "csrf_field": csrf.csrf_field,
        "csrf_token": csrf.csrf_token,
        "lang": language.language(),
        "languages": language.LANGUAGES,
        "city_name": language.city_name(),
        "product_name": gettext("Machi ID"),
        "current_path": paths.this_page(),
        "demo": parts().settings.demo,
    }
