"""The channels of my page, a line each."""

from __future__ import annotations

from ..posted import subscribe
from .live.fanout import LIVE

subscribe(LIVE)
