"""ホーム: one look at everything; each family brings its own part."""

from .pages import bp

__all__ = ["bp"]
