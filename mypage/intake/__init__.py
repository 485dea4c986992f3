"""Events from departments, in: checked at the door, applied in one transaction."""

from .release import HandleTakenError, attach_handle
from .retention import forget_receipts

__all__ = ["HandleTakenError", "attach_handle", "forget_receipts"]
