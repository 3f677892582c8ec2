"""Ids of elsewhere, the side of a button, position and response time: null in older votes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("turing_participants", sa.Column("external_id", sa.String(200), nullable=True))
    op.add_column("turing_participants", sa.Column("human_left", sa.Boolean, nullable=True))
    op.create_index("turing_external_id", "turing_participants", ["external_id"], unique=True)
    op.add_column("turing_votes", sa.Column("position", sa.Integer, nullable=True))
    op.add_column("turing_votes", sa.Column("response_ms", sa.Integer, nullable=True))
