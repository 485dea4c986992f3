"""Applications and procedures: where they stand, in one closed set of phases beside the department's own words.

Notices and tasks are derived from cases: for them are the table, the rows of a unit of work, and what changed.
"""

from .change import CaseChange
from .model import Case
from .phases import waits_for_resident
from .store import CASES

__all__ = ["CASES", "Case", "CaseChange", "waits_for_resident"]
