"""Puts the web shell on an application: languages, guards, headers, template globals, static files."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask
from flask_babel import Babel
from werkzeug.middleware.proxy_fix import ProxyFix

from ..clock import CITY_ZONE
from ..context import Parts, parts
from ..scrub import trust
from ..untrusted_text import displayable, linkable_url
from . import callers, cookies, csrf, headers, health, language, mount, openapi_document, paths, static_files
from .bodies import Bodies
from .callers import Caller
from .errors import register_error_handlers
from .home import Home, set_home
from .isolated import isolated
from .nul import refuse_nul_in_path, refuse_nul_in_values
from .static_files import static_url
from .telemetry_hooks import log_request

MAX_BODY = 8 * 1024 * 1024
MAX_FORM_FIELDS = 200

bp = Blueprint("shell", __name__, template_folder="templates")


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
    for helper in (isolated, displayable, linkable_url):
        app.add_template_global(helper)
    app.add_template_filter(isolated)
    set_home(app, home)
    trust(home.package)
    app.register_blueprint(bp)
    app.register_blueprint(static_files.bp)
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
