"""My page: what the city is doing for you, live, and the API through which departments say so."""

from .install import MY_PAGE

__all__ = ["MY_PAGE"]
