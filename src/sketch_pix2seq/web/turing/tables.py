"""The tables as they are now. No column could tell who somebody is, or when exactly they came."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

STUDY = sa.Table(
    "turing_study",
    METADATA,
    sa.Column("digest", sa.String(64), primary_key=True),
    comment="The one study that these votes are about.",
)

PARTICIPANTS = sa.Table(
    "turing_participants",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("joined", sa.Date, nullable=False),
    sqlite_autoincrement=True,  # the number of one who withdrew is not given again
    comment="A random token's SHA-256, the seed of an order, a day: nothing else is known.",
)

VOTES = sa.Table(
    "turing_votes",
    METADATA,
    sa.Column(
        "participant",
        sa.Integer,
        sa.ForeignKey("turing_participants.number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("sketch", sa.String(64), primary_key=True),
    sa.Column("human", sa.Boolean, nullable=False),
    comment="One vote of each participant on each sketch: the key sees to it.",
)
