"""Tasks: what a resident is asked to do, told by a department or derived from a case that waits for them."""

from .family import TASK

__all__ = ["TASK"]
