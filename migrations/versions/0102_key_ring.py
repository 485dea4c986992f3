"""The ring of keys that look-ups and tokens hang on, sealed under the operator's key. `machi init` or `machi migrate` fills it.

Revision: 0102_key_ring
Follows: 0094_staff_credential_record
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0102_key_ring"
down_revision = "0094_staff_credential_record"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_ring",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_key_ring"),
    )


def downgrade() -> None:
    op.drop_table("key_ring")
