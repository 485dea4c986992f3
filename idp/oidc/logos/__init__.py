"""Apps' pictures: fetched by us (`follow_logo`), looked at from outside, and shown from our own address (`logo_path`)."""

from __future__ import annotations

from .fetch import follow_logo
from .install import install
from .serve import logo_path

__all__ = ["follow_logo", "install", "logo_path"]
