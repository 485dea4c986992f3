"""The words of notices and tasks that my page derives itself, in every language of the product.

`N_` only marks a text for the catalogue; it is translated when it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from babel.support import Translations

from ..stored import text, texts
from ..text import Localised, pick

LANGUAGES = ("ja", "en")
_FOLDER = Path(__file__).parent.parent / "translations"


def N_(text: str) -> str:  # noqa: N802 - the catalogue's extractor knows this name
    return text


_TITLES = {
    "action_required": N_("%(procedure)s: your action is needed"),
    "decided": N_("%(procedure)s: the result is available"),
    "your_turn": N_("%(procedure)s: it is your turn"),
}
_NOTHING_MORE = N_("Please open the application to see the details.")
_OUTCOMES = {
    "approved": N_("Your application was approved."),
    "partly": N_("Your application was approved in part."),
    "rejected": N_("Your application was not approved."),
    "dismissed": N_("Your application was dismissed without a decision on its content."),
    "withdrawn": N_("Your application was withdrawn."),
}


@cache
def catalogue(lang: str) -> Callable[[str], str]:
    """`gettext` of one language."""
    return Translations.load(str(_FOLDER), [lang]).gettext


def derived_title(template: str, params: Mapping[str, Any]) -> Localised:
    """`{"ja", "en"}` for `template` (action_required, decided, your_turn) and the procedure in `params`."""
    return {
        lang: catalogue(lang)(_TITLES[template]) % {"procedure": pick(texts(params.get("procedure")), lang)[0]}
        for lang in LANGUAGES
    }


def derived_body(params: Mapping[str, Any]) -> Localised:
    """`{"ja", "en"}`: the outcome if there is one, then the department's reason."""
    return {lang: _body(params, lang) for lang in LANGUAGES}


def _body(params: Mapping[str, Any], lang: str) -> str:
    gettext = catalogue(lang)
    outcome, reason = text(params.get("outcome")), texts(params.get("reason"))
    lines = [gettext(_OUTCOMES[outcome])] if outcome in _OUTCOMES else []
    if reason:
        lines.append(pick(reason, lang)[0])
    return "\n\n".join(lines) or gettext(_NOTHING_MORE)
