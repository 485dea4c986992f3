"""Security events: streams of apps, subjects they removed, events that wait for delivery.

Revision: 0050_security_events
Follows: 0040_desk
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050_security_events"
down_revision = "0040_desk"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_stream",
        sa.Column("stream_id", sa.String(length=26), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("events_requested", sa.Text(), nullable=False),
        sa.Column("push_url", sa.Text(), nullable=True),
        sa.Column("authorization_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", name="pk_event_stream"),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="fk_event_stream_client_id_client"),
        sa.UniqueConstraint("client_id", name="uq_event_stream_client_id"),
    )
    op.create_table(
        "event_stream_ignored",
        sa.Column("stream_id", sa.String(length=26), nullable=False),
        sa.Column("sub", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "sub", name="pk_event_stream_ignored"),
    )
    op.create_table(
        "security_event",
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("jti", sa.String(length=26), nullable=False),
        sa.Column("stream_id", sa.String(length=26), nullable=False),
        sa.Column("event_type", sa.String(length=120), nullable=False),
        sa.Column("members", sa.Text(), nullable=False),
        sa.Column("sub", sa.String(length=32), nullable=True),
        sa.Column("sid", sa.String(length=32), nullable=True),
        sa.Column("txn", sa.String(length=26), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_security_event"),
        sa.UniqueConstraint("jti", name="uq_security_event_jti"),
    )
    op.create_index("ix_security_event_stream", "security_event", ["stream_id", "position"])
    op.create_index("ix_security_event_expires", "security_event", ["expires_at"])


def downgrade() -> None:
    for table in ("security_event", "event_stream_ignored", "event_stream"):
        op.drop_table(table)
