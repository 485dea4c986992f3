"""Which language a page speaks: `?lang`, the provider's `ui_locales`, the cookie, the browser; Japanese otherwise."""

from __future__ import annotations

from flask import Flask, Response, g, request
from flask_babel import get_locale

from clients.kit import Settings, Text

LANGUAGES = ("ja", "en")
KEEP = 365 * 24 * 3600


def choose(settings: Settings) -> str:
    """The language of this request."""
    asked = [request.args.get("lang", ""), *request.args.get("ui_locales", "").split()[:8]]
    for tag in asked:
        if tag.split("-")[0].lower() in LANGUAGES:
            g.chosen_language = tag.split("-")[0].lower()
            return str(g.chosen_language)
    kept = request.cookies.get(settings.cookie("lang"))
    if kept in LANGUAGES:
        return kept
    return request.accept_languages.best_match(LANGUAGES) or "ja"


def say(text: Text | None) -> str:
    """A department's text in the language of the page, or in Japanese."""
    if not text:
        return ""
    return text.get(current(), "") or text.get("ja", "")


def current() -> str:
    """`ja` or `en`."""
    return str(get_locale() or "ja")


def install(app: Flask, settings: Settings) -> None:
    """Give templates `say`, and keep a chosen language in a cookie."""
    app.jinja_env.filters["say"] = say
    app.jinja_env.globals["language"] = current

    @app.after_request
    def keep(response: Response) -> Response:
        chosen = g.get("chosen_language")
        if chosen and request.cookies.get(settings.cookie("lang")) != chosen:
            response.set_cookie(
                settings.cookie("lang"), chosen, max_age=KEEP, httponly=True, secure=settings.secure, samesite="Lax"
            )
        return response
