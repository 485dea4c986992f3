"""Which language a page is in: the person's choice (cookie), the app's `ui_locales`, the browser's wish, then Japanese."""

from __future__ import annotations

from flask import Blueprint, Response, g, redirect, request

from ..context import parts
from . import cookies
from .callers import Caller, called_by
from .errors import ProblemError
from .home import front_url
from .paths import local_path

LANGUAGES = ("ja", "en")
bp = Blueprint("language", __name__)


def prefer(tags: str | None) -> None:
    """Take `ui_locales` (OIDC Core §3.1.2.1: space-separated BCP 47 tags) into account for this request."""
    for tag in (tags or "").split()[:10]:
        if tag.split("-")[0].lower() in LANGUAGES:
            g.preferred_language = tag.split("-")[0].lower()
            return


def language() -> str:
    """The language of this answer: "ja" or "en"."""
    chosen = cookies.get_cookie(cookies.LANGUAGE)
    if chosen in LANGUAGES:
        return str(chosen)
    if preferred := getattr(g, "preferred_language", None):
        return str(preferred)
    return request.accept_languages.best_match(LANGUAGES, "ja") or "ja"


@bp.post("/language")
@called_by(Caller.BROWSER)
def choose() -> Response:
    """Remember the chosen language in this browser."""
    wanted = request.form.get("lang")
    if wanted not in LANGUAGES:
        raise ProblemError(400, "unknown_language", "This language is not available.")
    response = redirect(local_path(request.form.get("next"), front_url()), 303)
    cookies.set_cookie(response, cookies.LANGUAGE, wanted, 365 * 86400)  # type: ignore[arg-type]
    return response  # type: ignore[return-value]


def city_name() -> str:
    """The municipality's name in the language of the page."""
    settings = parts().settings
    return settings.city_name if language() == "ja" else settings.city_name_en
