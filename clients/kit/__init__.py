"""Machi ID for departmental Flask apps: sign-in, real sign-out, and reporting to the resident's page.

    from machi_kit import MachiID, Settings
    machi = MachiID(app, Settings.from_env(name="childcare"))

See README.md beside this file for a whole app. Needs flask, pyjwt[crypto] and urllib3 only.
"""

from .config import Settings
from .database import Database, Row, Transaction
from .errors import (
    ConfigurationError,
    MachiError,
    ProviderRefusedError,
    ProviderUnavailableError,
    SignInError,
    TokenInvalidError,
)
from .events import (
    Action,
    CaseStatus,
    Channel,
    Contact,
    Document,
    Notice,
    Outcome,
    Phase,
    Procedure,
    Step,
    Subject,
    Task,
    Text,
    WaitingOn,
    by_handle,
    by_local_number,
    by_sub,
)
from .extension import MachiID
from .origin import own_path
from .outbox import JST, Delivery
from .report import CaseReporter
from .security_events import SecurityEvent
from .sessions import Resident

__all__ = [
    "JST",
    "Action",
    "CaseReporter",
    "CaseStatus",
    "Channel",
    "ConfigurationError",
    "Contact",
    "Database",
    "Delivery",
    "Document",
    "MachiError",
    "MachiID",
    "Notice",
    "Outcome",
    "Phase",
    "Procedure",
    "ProviderRefusedError",
    "ProviderUnavailableError",
    "Resident",
    "Row",
    "SecurityEvent",
    "Settings",
    "SignInError",
    "Step",
    "Subject",
    "Task",
    "Text",
    "TokenInvalidError",
    "Transaction",
    "WaitingOn",
    "by_handle",
    "by_local_number",
    "by_sub",
    "own_path",
]
