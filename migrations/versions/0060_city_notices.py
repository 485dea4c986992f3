"""Notices of the city itself: without a client, with templates of their own, and the resident's "this was not me".

Revision: 0060_city_notices
Follows: 0055_sealed_codes
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0060_city_notices"
down_revision = "0055_sealed_codes"
branch_labels = None
depends_on = None

OF_SECURITY = "template IN ('refresh_reused', 'passkey_added', 'passkey_removed', 'card_bound', 'credential_held')"
TEMPLATES = OF_SECURITY.replace("(", "('action_required', 'decided', ")


def upgrade() -> None:
    with op.batch_alter_table("notice") as table:
        table.add_column(sa.Column("disowned_at", sa.BigInteger(), nullable=True))
        table.alter_column("client_id", existing_type=sa.String(length=64), nullable=True)
        table.drop_constraint(op.f("ck_notice_template"), type_="check")
        table.create_check_constraint(op.f("ck_notice_template"), TEMPLATES)
        table.create_check_constraint(
            op.f("ck_notice_sender"), f"(client_id IS NULL) = ({OF_SECURITY} AND template IS NOT NULL)"
        )


def downgrade() -> None:
    op.execute("DELETE FROM notice WHERE client_id IS NULL")
    with op.batch_alter_table("notice") as table:
        table.drop_constraint(op.f("ck_notice_sender"), type_="check")
        table.drop_constraint(op.f("ck_notice_template"), type_="check")
        table.create_check_constraint(op.f("ck_notice_template"), "template IN ('action_required', 'decided')")
        table.alter_column("client_id", existing_type=sa.String(length=64), nullable=False)
        table.drop_column("disowned_at")
