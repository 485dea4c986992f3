"""Whether an app asked for a way to send its secret. Those that are there keep the one they have.

Revision: 0108_either_secret_method
Follows: 0107_refresh_count
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0108_either_secret_method"
down_revision = "0107_refresh_count"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client", sa.Column("either_secret_method", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("client", "either_secret_method")
