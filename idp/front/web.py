"""Routes and pages: who may call, how a refusal looks, language, and others' text made harmless."""

from __future__ import annotations

from ..foundation.refusals import refused_part
from ..foundation.untrusted_text import displayable, linkable_url, plain_bytes, text_problem
from ..foundation.web.callers import Caller, called_by, guard
from ..foundation.web.errors import ProblemError, problem_response
from ..foundation.web.health import DOCTOR, doctors_word, is_the_doctor
from ..foundation.web.home import Home
from ..foundation.web.isolated import isolated
from ..foundation.web.language import city_name, language
from ..foundation.web.mount import without as without_mount
from ..foundation.web.static_files import add_static
from ..residents import looks_like_my_number

__all__ = [
    "DOCTOR",
    "Caller",
    "Home",
    "ProblemError",
    "add_static",
    "called_by",
    "city_name",
    "displayable",
    "doctors_word",
    "guard",
    "is_the_doctor",
    "isolated",
    "language",
    "linkable_url",
    "looks_like_my_number",
    "plain_bytes",
    "problem_response",
    "refused_part",
    "text_problem",
    "without_mount",
]
