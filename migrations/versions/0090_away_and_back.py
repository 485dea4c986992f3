"""What comes back from outside is kept sealed until its browser collects it with a secret. Readings under way are lost: read again.

Revision: 0090_away_and_back
Follows: 0093_wrong_dates
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0090_away_and_back"
down_revision = "0093_wrong_dates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("challenge", sa.Column("return_digest", sa.String(length=64), nullable=True))
    op.add_column("challenge", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.drop_column("challenge", "credential_id")


def downgrade() -> None:
    op.add_column("challenge", sa.Column("credential_id", sa.String(length=26), nullable=True))
    op.drop_column("challenge", "sealed")
    op.drop_column("challenge", "return_digest")
