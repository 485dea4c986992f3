"""Staff and their sign-in; the former secret of an app while a new one is brought in.

Revision: 0040_desk
Follows: 0030_core_rows
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040_desk"
down_revision = "0030_core_rows"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("client") as table:
        table.add_column(sa.Column("old_secret_digest", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("old_secret_ends_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "staff",
        sa.Column("staff_id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("roles", sa.String(length=60), nullable=False),
        sa.Column("user_handle", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("staff_id", name="pk_staff"),
        sa.UniqueConstraint("user_handle", name="uq_staff_user_handle"),
    )
    op.create_table(
        "staff_passkey",
        sa.Column("credential_id", sa.String(length=26), nullable=False),
        sa.Column("staff_id", sa.String(length=26), nullable=False),
        sa.Column("webauthn_id", sa.LargeBinary(length=1023), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("device_type", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("credential_id", name="pk_staff_passkey"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], name="fk_staff_passkey_staff_id_staff"),
        sa.UniqueConstraint("webauthn_id", name="uq_staff_passkey_webauthn_id"),
    )
    op.create_index("ix_staff_passkey_staff", "staff_passkey", ["staff_id"])
    op.create_table(
        "staff_session",
        sa.Column("session_id", sa.String(length=26), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=26), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("session_id", name="pk_staff_session"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], name="fk_staff_session_staff_id_staff"),
        sa.UniqueConstraint("token_digest", name="uq_staff_session_token_digest"),
    )
    op.create_index("ix_staff_session_staff", "staff_session", ["staff_id"])
    op.create_table(
        "staff_invitation",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=26), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token_digest", name="pk_staff_invitation"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.staff_id"], name="fk_staff_invitation_staff_id_staff"),
    )


def downgrade() -> None:
    for table in ("staff_invitation", "staff_session", "staff_passkey", "staff"):
        op.drop_table(table)
    with op.batch_alter_table("client") as table:
        table.drop_column("old_secret_ends_at")
        table.drop_column("old_secret_digest")
