"""The live refresh token stands in its grant; rows of spent ones are gone. Refresh tokens given before are lost: apps sign on again.

Revision: 0080_refresh_in_the_grant
Follows: 0071_outbox_lanes
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0080_refresh_in_the_grant"
down_revision = "0071_outbox_lanes"
branch_labels = None
depends_on = None

COLUMNS = (
    ("refresh_digest", sa.String(length=64)),
    ("refresh_before", sa.String(length=64)),
    ("refresh_used_at", sa.BigInteger()),
    ("refresh_expires_at", sa.BigInteger()),
)


def upgrade() -> None:
    for name, kind in COLUMNS:
        op.add_column("oauth_grant", sa.Column(name, kind, nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE oauth_grant SET (fillfactor = 70)")
    op.drop_table("refresh_token")


def downgrade() -> None:
    op.create_table(
        "refresh_token",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("grant_id", sa.String(length=26), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("spent_at", sa.BigInteger(), nullable=True),
        sa.Column("successor_sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("token_digest", name="pk_refresh_token"),
    )
    op.create_index("ix_refresh_token_grant", "refresh_token", ["grant_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE oauth_grant RESET (fillfactor)")
    for name, _ in reversed(COLUMNS):
        op.drop_column("oauth_grant", name)
