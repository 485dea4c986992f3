"""Staff's passkeys keep the same record as residents'; a sign count may need all of its 32 bits.

Revision: 0094_staff_credential_record
Follows: 0090_away_and_back
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0094_staff_credential_record"
down_revision = "0090_away_and_back"
branch_labels = None
depends_on = None

# With defaults, so that processes of the version before can still write while the new ones start.
COLUMNS = (
    ("sign_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), "0"),
    ("backed_up", sa.Boolean(), sa.false()),
    ("aaguid", sa.String(length=36), "00000000-0000-0000-0000-000000000000"),
    ("transports", sa.String(length=120), ""),
)


def upgrade() -> None:
    for name, kind, default in COLUMNS:
        op.add_column("staff_passkey", sa.Column(name, kind, nullable=False, server_default=default))
    if op.get_bind().dialect.name == "postgresql":  # SQLite's integers have 64 bits
        op.alter_column("passkey", "sign_count", type_=sa.BigInteger(), existing_nullable=False)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("passkey", "sign_count", type_=sa.Integer(), existing_nullable=False)
    for name, _, _ in reversed(COLUMNS):
        op.drop_column("staff_passkey", name)
