"""Members of staff: which one this browser is signed in as, with which roles, and routes that are for them.

`@require_staff(Duty.CASES)` on a view is the whole declaration: without a login the browser goes to the sign-in of staff and comes
back, with other duties it gets a 403 page. Where a row belongs to a department, the view asks
`require_department(Duty.CASES, department)`.
"""

from ..staff import Appointment, Duty, Role, StaffLogin, add_entrance, current_staff, require_department, require_staff

__all__ = [
    "Appointment",
    "Duty",
    "Role",
    "StaffLogin",
    "add_entrance",
    "current_staff",
    "require_department",
    "require_staff",
]
