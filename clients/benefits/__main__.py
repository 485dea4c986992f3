"""`python -m clients.benefits --port 8002`, or `... seed --residents FILE.json`."""

from __future__ import annotations

import sys

from clients.office import main

from .department import DEPARTMENT
from .history import HISTORY

if __name__ == "__main__":
    sys.exit(main(DEPARTMENT, "clients.benefits.wsgi:app", HISTORY))
