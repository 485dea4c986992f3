"""The Flask application of one department."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from flask import Blueprint, Flask, render_template
from flask.typing import ResponseReturnValue
from flask_babel import Babel
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from clients.kit import ConfigurationError, MachiID, Settings, SignInError

from . import headers, language, pages_apply, pages_resident, pages_staff, pages_staff_case, staff_signin, words
from .dates import install as install_dates
from .definition import Department
from .office import Office
from .phases import label
from .schema import SCHEMA

MAX_FORM = 128 * 1024


def create_app(department: Department, environ: Mapping[str, str] | None = None) -> Flask:
    """Build the app from the environment.

    ISSUER, CLIENT_ID, CLIENT_SECRET (or PRIVATE_KEY_FILE), BASE_URL, DATABASE, EVENT_SOURCE, SECRET_KEY, STAFF_PASSWORD
    (without it the back office is closed), TRUSTED_PROXIES (how many proxies in front set X-Forwarded-For; default 0).
    """
    env = os.environ if environ is None else environ
    settings = Settings.from_env(env, name=department.code)
    if len(env.get("SECRET_KEY", "")) < 16:
        raise ConfigurationError("SECRET_KEY must have at least 16 characters")
    if settings.event_source is None:
        raise ConfigurationError("EVENT_SOURCE is not set")
    Path(settings.database).absolute().parent.mkdir(parents=True, exist_ok=True)

    app = Flask("clients.office")
    app.config.update(
        SECRET_KEY=env["SECRET_KEY"],
        STAFF_PASSWORD=env.get("STAFF_PASSWORD", ""),
        MAX_CONTENT_LENGTH=MAX_FORM,
        SEND_FILE_MAX_AGE_DEFAULT=600,
        SESSION_COOKIE_NAME=settings.cookie("staff"),
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        BABEL_DEFAULT_LOCALE="ja",
    )
    proxies = int(env.get("TRUSTED_PROXIES", "0"))
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies)  # type: ignore[method-assign]
    Babel(app, locale_selector=lambda: language.choose(settings), default_timezone="Asia/Tokyo")
    language.install(app, settings)
    machi = MachiID(app, settings, locale=language.current)
    machi.database.create(SCHEMA)
    app.extensions["office"] = Office(department, machi.database, machi.reporter, settings.base_url)
    headers.install(app, settings)
    install_dates(app)
    install_words(app, department, settings)
    install_pages(app, department, machi)
    return app


def install_words(app: Flask, department: Department, settings: Settings) -> None:
    """What every template may use."""
    app.jinja_env.globals.update(
        department=department,
        phase_label=label,
        refusal=words.refusal,
        channel_word=words.channel,
        delivery_word=words.delivery,
        my_page=settings.issuer.rstrip("/") + "/my/",
        staff_name=staff_signin.current,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def install_pages(app: Flask, department: Department, machi: MachiID) -> None:
    """All routes, and pages about errors."""
    brand = Blueprint("brand", __name__, static_folder=str(department.folder / "static"), static_url_path="/brand")
    for pages in (brand, pages_resident.pages, pages_apply.pages, pages_staff.pages, pages_staff_case.pages):
        app.register_blueprint(pages)

    @app.get("/healthz")
    def healthz() -> ResponseReturnValue:
        """Whether the app can serve: its database answers."""
        machi.database.one("SELECT 1")
        return {"status": "ok", "events": machi.reporter.counts()}

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        if error.code is None or error.code < 400:
            return error
        return render_template("error.html", status=error.code, csrf=error.description == "csrf"), error.code

    def sign_in_error(error: SignInError) -> ResponseReturnValue:
        heading, text = words.sign_in_problem(error.code)
        return render_template("signin_error.html", heading=heading, text=text)

    machi.on_error(sign_in_error)
    machi.on_signed_out(lambda everywhere: render_template("signed_out.html", everywhere=everywhere))
