"""What the small departmental apps have in common: case store, residents' pages, back office.

A department is a `Department` (its procedures, forms and words) and a folder with its colours; see `clients/childcare`.
Built only with `clients.kit`.
"""

from .definition import Department, Field, Procedure
from .factory import create_app
from .fictional import PEOPLE as FICTIONAL_PEOPLE
from .run import main
from .seed import History, Known, PastCase, PastMove, PastNotice, Person

__all__ = [
    "FICTIONAL_PEOPLE",
    "Department",
    "Field",
    "History",
    "Known",
    "PastCase",
    "PastMove",
    "PastNotice",
    "Person",
    "Procedure",
    "create_app",
    "main",
]
