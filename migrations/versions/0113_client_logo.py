"""Our copies of apps' logos.

Revision: 0113_client_logo
Follows: 0111_refused_requests
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0113_client_logo"
down_revision = "0111_refused_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_logo",
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(20), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("fetched_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_client_logo_client_id_client")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client_logo")),
    )
    op.add_column("client", sa.Column("logo_digest", sa.String(64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("client") as table:
        table.drop_column("logo_digest")
    op.drop_table("client_logo")
