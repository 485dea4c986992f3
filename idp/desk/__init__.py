"""Pages of the city's staff: the administrator's desk."""

from .install import install

__all__ = ["install"]
