"""Authorization codes carry what they stand for; a row holds only one too long for an address. Codes not yet redeemed are lost: they
live a minute, and the app asks again.

Revision: 0055_sealed_codes
Follows: 0050_security_events
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0055_sealed_codes"
down_revision = "0050_security_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("authorization_code")
    op.create_table(
        "authorization_code",
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code_digest", name="pk_authorization_code"),
    )
    op.create_index("ix_authorization_code_expires", "authorization_code", ["expires_at"])


def downgrade() -> None:
    op.drop_table("authorization_code")
    op.create_table(
        "authorization_code",
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("grant_id", sa.String(length=26), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("resident_id", sa.String(length=26), nullable=False),
        sa.Column("session_id", sa.String(length=26), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("redirect_given", sa.Boolean(), nullable=False),
        sa.Column("scope", sa.String(length=1000), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("challenge", sa.String(length=128), nullable=False),
        sa.Column("claims", sa.Text(), nullable=True),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("sub", sa.String(length=32), nullable=False),
        sa.Column("sid", sa.String(length=32), nullable=False),
        sa.Column("factors", sa.Text(), nullable=False),
        sa.Column("proofing", sa.String(length=400), nullable=False),
        sa.Column("authenticated_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("key_binding", sa.String(length=60), nullable=True),
        sa.Column("rich", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("code_digest", name="pk_authorization_code"),
    )
    op.create_index("ix_authorization_code_expires", "authorization_code", ["expires_at"])
