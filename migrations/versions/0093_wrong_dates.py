"""An activation code counts the wrong dates of birth it was tried with.

Revision: 0093_wrong_dates
Follows: 0080_refresh_in_the_grant
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0093_wrong_dates"
down_revision = "0080_refresh_in_the_grant"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # With a default, so that processes of the version before can still write while the new ones start.
    op.add_column("activation_code", sa.Column("wrong_dates", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_activation_code_resident", "activation_code", ["resident_id"])


def downgrade() -> None:
    op.drop_index("ix_activation_code_resident", "activation_code")
    op.drop_column("activation_code", "wrong_dates")
