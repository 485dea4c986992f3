"""The city's notice that a device was connected.

Revision: 0112_device_notice
Follows: 0102_key_ring
"""

from __future__ import annotations

from alembic import op

revision = "0112_device_notice"
down_revision = "0096_proven_sectors"
branch_labels = None
depends_on = None

BEFORE = "'refresh_reused', 'passkey_added', 'passkey_removed', 'card_bound', 'credential_held'"


def _allow(of_security: str) -> None:
    with op.batch_alter_table("notice") as table:
        table.drop_constraint(op.f("ck_notice_sender"), type_="check")
        table.drop_constraint(op.f("ck_notice_template"), type_="check")
        table.create_check_constraint(
            op.f("ck_notice_template"), f"template IN ('action_required', 'decided', {of_security})"
        )
        table.create_check_constraint(
            op.f("ck_notice_sender"), f"(client_id IS NULL) = (template IN ({of_security}) AND template IS NOT NULL)"
        )


def upgrade() -> None:
    _allow(f"{BEFORE}, 'device_connected'")


def downgrade() -> None:
    op.execute("DELETE FROM notice WHERE template = 'device_connected'")
    _allow(BEFORE)
