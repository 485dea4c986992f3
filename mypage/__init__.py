"""My page: what the city is doing for you, live, and the door through which departments say so."""

from .install import install

__all__ = ["install"]
