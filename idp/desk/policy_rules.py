"""What is wrong with a policy, in the language of the page: which part of the row, and the rule."""

from __future__ import annotations

import re

from flask_babel import gettext, lazy_gettext

from ..oidc.policy import PolicyError

_BY_KIND = {
    "string_too_short": lazy_gettext("must not be empty"),
    "string_too_long": lazy_gettext("is too long"),
    "string_pattern_mismatch": lazy_gettext("takes letters, digits and . _ : / - only, at most 100"),
    "dict_type": lazy_gettext("is not a JSON object"),
    "literal_error": lazy_gettext("is not one of the choices"),
    "too_long": lazy_gettext("at most 20 are possible"),
}
_RULES = {
    "an https address without fragment is needed": lazy_gettext("an https address without fragment is needed"),
    "not a name for a scope, or one of ours": lazy_gettext("not a name for a scope, or one of ours"),
    "the schema of a type describes an object": lazy_gettext("the schema of a type describes an object"),
    "a schema is an object, at most five deep": lazy_gettext("a schema is an object, at most five deep"),
    "pattern is too long or too complicated": lazy_gettext("pattern is too long or too complicated"),
    "pattern is not a regular expression": lazy_gettext("pattern is not a regular expression"),
    "is the provider's": lazy_gettext("is the provider's"),
    "is another app's": lazy_gettext("is another app's"),
    "is named twice": lazy_gettext("is named twice"),
    "is not one of the choices": lazy_gettext("is not one of the choices"),
}
_WITH_VALUE = (
    (re.compile(r"unknown keyword (.*)", re.DOTALL), lazy_gettext("unknown keyword %(value)s")),
    (re.compile(r"type must be one of (.*)"), lazy_gettext("type must be one of %(value)s")),
    (re.compile(r"the consent text does not say (.*)", re.DOTALL), lazy_gettext("a text does not say %(value)s")),
    (re.compile(r"(\w+) has a wrong type"), lazy_gettext("%(value)s has a wrong type")),
    (re.compile(r"must not contain the character (\S+)"), lazy_gettext("must not contain the character %(value)s")),
    (re.compile(r"(\w+) must be a number"), lazy_gettext("%(value)s must be a number")),
)


def explain(problem: PolicyError) -> str:
    """One line; a rule that is not known here stays English rather than unsaid."""
    part = _part(problem.place)
    rule = _rule(problem)
    return f"{part}: {rule}" if part else rule


def _rule(problem: PolicyError) -> str:
    if problem.kind in _BY_KIND:
        return str(_BY_KIND[problem.kind])
    if problem.rule in _RULES:
        return str(_RULES[problem.rule])
    for pattern, text in _WITH_VALUE:
        if (found := pattern.fullmatch(problem.rule)) is not None:
            return str(text) % {"value": found.group(1)}
    return problem.rule


def _part(place: tuple[str, ...]) -> str:
    section, last = (place or ("",))[0], (place or ("",))[-1]
    if last == "ja":
        return str(gettext("Text in Japanese"))
    if last == "en":
        return str(gettext("Text in English"))
    if section == "resource_indicators" and len(place) > 1:
        return str(gettext("Scope")) if len(place) > 3 else str(gettext("Web address"))
    if section == "authorization_details_types":
        return {"[key]": str(gettext("Type")), "schema": str(gettext("Schema"))}.get(last, "")
    return ""
