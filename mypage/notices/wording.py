"""The words of notices that my page derives from cases, in every language of the product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..stored_json import text, texts
from ..text import Localised, pick
from ..wording import LANGUAGES, N_, about_procedure, catalogue

_TITLES = {
    "action_required": N_("%(procedure)s: your action is needed"),
    "decided": N_("%(procedure)s: the result is available"),
}
_NOTHING_MORE = N_("Please open the application to see the details.")
_OUTCOMES = {
    "approved": N_("Your application was approved."),
    "partly": N_("Your application was approved in part."),
    "rejected": N_("Your application was not approved."),
    "dismissed": N_("Your application was dismissed without a decision on its content."),
    "withdrawn": N_("Your application was withdrawn."),
}


def derived_title(template: str, params: Mapping[str, Any]) -> Localised:
    """`{"ja", "en"}` for `template` (action_required, decided) and the procedure in `params`."""
    return about_procedure(_TITLES[template], params)


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
