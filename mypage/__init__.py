"""My page: what the city is doing for you, live, and the API through which departments say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .install import MY_PAGE

__all__ = ["MY_PAGE"]


def __getattr__(name: str) -> object:
    """Loaded when it is asked for: `machi live` uses a small part of this package, and is to be back at once."""
    if name != "MY_PAGE":
        raise AttributeError(name)
    from .install import MY_PAGE

    return MY_PAGE
