"""The first layout: a study, its participants, their votes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table("turing_study", sa.Column("digest", sa.String(64), primary_key=True))
    op.create_table(
        "turing_participants",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("joined", sa.Date, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "turing_votes",
        sa.Column(
            "participant",
            sa.Integer,
            sa.ForeignKey("turing_participants.number", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("sketch", sa.String(64), primary_key=True),
        sa.Column("human", sa.Boolean, nullable=False),
    )
