"""Lanes of the outbox: whose server a piece of work waits for, and until when somebody has it in hand.

Revision: 0071_outbox_lanes
Follows: 0070_encryption_keys
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0071_outbox_lanes"
down_revision = "0070_encryption_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # With a default, so that processes of the version before can still write while the new ones start.
    op.add_column("outbox", sa.Column("lane", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("leased_until", sa.BigInteger(), nullable=True))
    op.create_index("ix_outbox_lane", "outbox", ["lane", "due_at"])


def downgrade() -> None:
    with op.batch_alter_table("outbox") as table:
        table.drop_index("ix_outbox_lane")
        table.drop_column("leased_until")
        table.drop_column("lane")
