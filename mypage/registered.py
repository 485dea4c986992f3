"""The families of my page, a line each; one that follows another comes after it."""

from __future__ import annotations

from .cases.family import CASE
from .families import register
from .notices.family import NOTICE
from .tasks.family import TASK

for family in (CASE, NOTICE, TASK):
    register(family)
