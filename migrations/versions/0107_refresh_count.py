"""A family of refresh tokens counts them, and so does each token. Refresh tokens given before are lost: apps sign on again.

Revision: 0107_refresh_count
Follows: 0102_key_ring
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0107_refresh_count"
down_revision = "0102_key_ring"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("oauth_grant", sa.Column("refresh_count", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("oauth_grant", "refresh_count")
