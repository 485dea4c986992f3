"""Refused requests, counted by app, kind and hour.

Revision: 0111_refused_requests
Follows: 0112_device_notice
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0111_refused_requests"
down_revision = "0112_device_notice"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refused_requests",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=True),
        sa.Column("endpoint", sa.String(80), nullable=False),
        sa.Column("error", sa.String(80), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_refused_requests")),
    )
    op.create_index("ix_refused_requests_client", "refused_requests", ["client_id", "last_at"])


def downgrade() -> None:
    op.drop_table("refused_requests")
