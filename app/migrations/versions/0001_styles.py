"""Added styles, and how often they changed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "styles",
        sa.Column("network_id", sa.String(16), primary_key=True),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("pack", sa.LargeBinary, nullable=False),
        sa.Column("preview", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    )
    changes = op.create_table(
        "changes",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.bulk_insert(changes, [{"one": 1, "count": 0}])


def downgrade() -> None:
    op.drop_table("changes")
    op.drop_table("styles")
