"""Client management, and secrets that must be readable for HMAC methods.

Revision: 0030_core_rows
Follows: 0020_further_grants
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030_core_rows"
down_revision = "0020_further_grants"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("client") as table:
        table.add_column(sa.Column("registration_token_digest", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("secret_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("client") as table:
        table.drop_column("secret_sealed")
        table.drop_column("registration_token_digest")
