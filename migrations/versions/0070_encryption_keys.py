"""Keys that others encrypt to: names of their algorithms are longer.

Revision: 0070_encryption_keys
Follows: 0060_city_notices
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0070_encryption_keys"
down_revision = "0060_city_notices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("signing_key") as table:
        table.alter_column("alg", existing_type=sa.String(length=10), type_=sa.String(length=20), existing_nullable=False)


def downgrade() -> None:
    op.execute("DELETE FROM signing_key WHERE length(alg) > 10")
    with op.batch_alter_table("signing_key") as table:
        table.alter_column("alg", existing_type=sa.String(length=20), type_=sa.String(length=10), existing_nullable=False)
