"""The provider: who you are.

This module is the front door: what the rest of the product (`mypage/`, `wsgi.py`) may use. Everything else under `idp/` is private to
it, and the import contract in the test run holds that.
"""

from __future__ import annotations

from .foundation import clock
from .foundation.context import Parts, parts
from .foundation.database import Base, Instant
from .foundation.ids import new_id
from .foundation.limits import LimitExceededError
from .foundation.outbox import Job, RetryLaterError, enqueue
from .foundation.web.callers import Caller, called_by
from .foundation.web.errors import ProblemError, problem_response
from .foundation.web.language import city_name, language
from .foundation.web.shell import add_static

__all__ = [
    "Base",
    "Caller",
    "Instant",
    "Job",
    "LimitExceededError",
    "Parts",
    "ProblemError",
    "RetryLaterError",
    "add_static",
    "called_by",
    "city_name",
    "clock",
    "enqueue",
    "language",
    "new_id",
    "parts",
    "problem_response",
]
