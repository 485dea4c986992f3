"""Device flow, CIBA, tokens for other departments' APIs, managed grants, and what the city decides about them.

Revision: 0020_further_grants
Follows: 0010_security_profile
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020_further_grants"
down_revision = "0010_security_profile"
branch_labels = None
depends_on = None


def waiting() -> list[sa.Column[Any]]:
    """Columns of a request that waits for the resident's word."""
    return [
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=1000), nullable=False),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("session_id", sa.String(length=26), nullable=True),
        sa.Column("sid", sa.String(length=32), nullable=True),
        sa.Column("sub", sa.String(length=32), nullable=True),
        sa.Column("factors", sa.Text(), nullable=True),
        sa.Column("proofing", sa.String(length=400), nullable=True),
        sa.Column("authenticated_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
    ]


def upgrade() -> None:
    op.add_column("authorization_code", sa.Column("rich", sa.Text(), nullable=True))
    op.add_column("oauth_grant", sa.Column("rich", sa.Text(), nullable=True))
    op.create_table(
        "device_authorization",
        sa.Column("device_code_digest", sa.String(length=64), nullable=False),
        sa.Column("user_code_index", sa.String(length=64), nullable=False),
        sa.Column("network_index", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=80), nullable=False),
        sa.Column("resident_id", sa.String(length=26), nullable=True),
        *waiting(),
        sa.PrimaryKeyConstraint("device_code_digest", name="pk_device_authorization"),
        sa.UniqueConstraint("user_code_index", name="uq_device_authorization_user_code_index"),
    )
    op.create_index("ix_device_authorization_expires", "device_authorization", ["expires_at"])
    op.create_table(
        "backchannel_request",
        sa.Column("auth_req_digest", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=26), nullable=False),
        sa.Column("resident_id", sa.String(length=26), nullable=False),
        sa.Column("acr_values", sa.String(length=1000), nullable=False),
        sa.Column("binding_message", sa.String(length=200), nullable=True),
        sa.Column("ping_sealed", sa.LargeBinary(), nullable=True),
        *waiting(),
        sa.PrimaryKeyConstraint("auth_req_digest", name="pk_backchannel_request"),
        sa.UniqueConstraint("request_id", name="uq_backchannel_request_request_id"),
    )
    op.create_index("ix_backchannel_request_resident", "backchannel_request", ["resident_id", "state"])
    op.create_index("ix_backchannel_request_expires", "backchannel_request", ["expires_at"])
    op.create_table(
        "client_policy",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("policy_json", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="fk_client_policy_client_id_client"),
        sa.PrimaryKeyConstraint("client_id", name="pk_client_policy"),
    )
    op.create_table(
        "resource_indicator",
        sa.Column("resource", sa.String(length=255), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("scopes_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="fk_resource_indicator_client_id_client"),
        sa.PrimaryKeyConstraint("resource", name="pk_resource_indicator"),
    )
    op.create_table(
        "reference_token",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("grant_id", sa.String(length=26), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("owner_id", sa.String(length=64), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("sub", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(length=1000), nullable=False),
        sa.Column("act", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("confirmation", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token_digest", name="pk_reference_token"),
    )
    op.create_index("ix_reference_token_grant", "reference_token", ["grant_id"])
    op.create_index("ix_reference_token_expires", "reference_token", ["expires_at"])
    op.create_table(
        "managed_grant",
        sa.Column("managed_id", sa.String(length=43), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("resident_id", sa.String(length=26), nullable=False),
        sa.Column("scope", sa.String(length=1000), nullable=False),
        sa.Column("claims", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("family_id", sa.String(length=26), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("managed_id", name="pk_managed_grant"),
    )


def downgrade() -> None:
    for table in (
        "managed_grant",
        "reference_token",
        "resource_indicator",
        "client_policy",
        "backchannel_request",
        "device_authorization",
    ):
        op.drop_table(table)
    op.drop_column("oauth_grant", "rich")
    op.drop_column("authorization_code", "rich")
