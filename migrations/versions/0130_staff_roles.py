"""A member of staff's roles are rows, city-wide or of one department; "department" becomes "clerk", of no department yet.

Revision: 0130_staff_roles
Follows: 0113_client_logo
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0130_staff_roles"
down_revision = "0113_client_logo"
branch_labels = None
depends_on = None

STAFF = sa.table("staff", sa.column("staff_id", sa.String), sa.column("roles", sa.String))
ROLE = sa.table("staff_role", sa.column("staff_id"), sa.column("role"), sa.column("department"))
SINCE = {"department": "clerk"}
BEFORE = {"administrator": "administrator", "registrar": "registrar", "clerk": "department"}


def upgrade() -> None:
    op.create_table(
        "staff_role",
        sa.Column("staff_id", sa.String(length=26), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("department", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("staff_id", "role", "department", name="pk_staff_role"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], name="fk_staff_role_staff_id_staff"),
        sa.CheckConstraint(
            "role IN ('administrator', 'registrar', 'supervisor', 'auditor', 'clerk')", name="ck_staff_role_role"
        ),
        sa.CheckConstraint("department = '' OR role NOT IN ('administrator', 'auditor')", name="ck_staff_role_reach"),
    )
    connection = op.get_bind()
    rows = [
        {"staff_id": staff_id, "role": SINCE.get(role, role), "department": ""}
        for staff_id, roles in connection.execute(sa.select(STAFF.c.staff_id, STAFF.c.roles)).all()
        for role in roles.split()
    ]
    if rows:
        connection.execute(sa.insert(ROLE), rows)
    op.drop_column("staff", "roles")


def downgrade() -> None:
    """Roles that the version before does not know, and departments, are lost."""
    op.add_column("staff", sa.Column("roles", sa.String(length=60), nullable=False, server_default=""))
    connection = op.get_bind()
    known: dict[str, set[str]] = {}
    for staff_id, role in connection.execute(sa.select(ROLE.c.staff_id, ROLE.c.role)).all():
        if role in BEFORE:
            known.setdefault(staff_id, set()).add(BEFORE[role])
    for staff_id, roles in known.items():
        connection.execute(sa.update(STAFF).where(STAFF.c.staff_id == staff_id).values(roles=" ".join(sorted(roles))))
    if connection.dialect.name == "postgresql":  # SQLite would write the table anew, which others refer to
        op.alter_column("staff", "roles", server_default=None)
    op.drop_table("staff_role")
