"""Pushed requests, DPoP proofs, key-bound codes and refresh tokens, FAPI clients.

Revision: 0010_security_profile
Follows: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_security_profile"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client", sa.Column("fapi_profile", sa.String(length=30), nullable=True))
    op.add_column("authorization_code", sa.Column("key_binding", sa.String(length=60), nullable=True))
    op.add_column("oauth_grant", sa.Column("key_binding", sa.String(length=60), nullable=True))
    op.create_table(
        "pushed_request",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("keep_until", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_pushed_request"),
    )
    op.create_index("ix_pushed_request_keep_until", "pushed_request", ["keep_until"])
    op.create_table(
        "used_proof",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_used_proof"),
    )
    op.create_index("ix_used_proof_expires", "used_proof", ["expires_at"])


def downgrade() -> None:
    op.drop_table("used_proof")
    op.drop_table("pushed_request")
    op.drop_column("oauth_grant", "key_binding")
    op.drop_column("authorization_code", "key_binding")
    op.drop_column("client", "fapi_profile")
