"""Events from departments, in: checked at the door, applied in one transaction, whatever their family."""

from .api import bp as api
from .published import bp as published
from .release import HandleTakenError, attach_handle
from .retention import forget_receipts

BLUEPRINTS = (api, published)

__all__ = ["BLUEPRINTS", "HandleTakenError", "attach_handle", "forget_receipts"]
