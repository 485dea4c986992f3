"""The families of my page, a line each; one that follows another comes after it."""

from __future__ import annotations

from .cases.family import CASE
from .families import register
from .notices import NOTICE
from .tasks import TASK

for family in (CASE, NOTICE, TASK):
    register(family)
