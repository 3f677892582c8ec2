"""Opening the database of votes: SQLite or PostgreSQL, in its newest layout, of one study.

*Convention*: what is committed is on the disk. SQLite writes ahead (WAL) and waits for the disk
at every commit; PostgreSQL does so unless its own settings say otherwise, and then not for us.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from sketch_pix2seq.errors import StudyError, UsageError

# the tables as they are now: by themselves no column reveals who somebody is, or when exactly they
# came; what a study may ask for beside is null unless its settings say so
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
    sa.Column("external_id", sa.String(200), nullable=True),
    sa.Column("human_left", sa.Boolean, nullable=True),
    sa.Index("turing_external_id", "external_id", unique=True),
    sqlite_autoincrement=True,  # the number of one who withdrew is not given again
    comment="A random token's SHA-256, the seed of an order, a day, the side of a button; an id "
    "of elsewhere only where the study asks for it.",
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
    sa.Column("position", sa.Integer, nullable=True),
    sa.Column("response_ms", sa.Integer, nullable=True),
    comment="One vote of each participant on each sketch: the key sees to it.",
)

WAIT_SECONDS = 30
"""How long one who wants to write waits for the others."""
VERSION_TABLE = "turing_version"
WRITES = "writes"
"""Execution option of transactions that write."""
_MIGRATIONS = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = 7_104_117_260_571_221
"""PostgreSQL's number for the lock of those who bring tables up to date; any, but always this."""


class NoVotesError(StudyError):
    """There is no database of votes yet."""


def open_database(address: str, digest: str, *, must_exist: bool = False) -> sa.Engine:
    """Open the database of a study's votes; make it, or bring it up to date.

    Args:
        address: As of `engine_of`.
        digest: As of `prepare_database`.
        must_exist: As of `prepare_database`.

    Raises:
        UsageError: If the address is none.
        StudyError: As of `prepare_database`.
    """
    engine = engine_of(address)
    prepare_database(engine, digest, must_exist=must_exist)
    return engine


def engine_of(address: str) -> sa.Engine:
    """Return what opens a database once it is used; until then nothing is made or looked at.

    Args:
        address: Path of an SQLite file, or `postgresql://USER@HOST/NAME`.

    Raises:
        UsageError: If the address is neither.
    """
    return _engine(database_url(address))


def prepare_database(engine: sa.Engine, digest: str, *, must_exist: bool = False) -> None:
    """Make the database of a study's votes, or bring it up to date.

    Any number of servers may do this at once.

    Args:
        engine: An `engine_of`.
        digest: The study's digest.
        must_exist: Refuse to make a new one.

    Raises:
        NoVotesError: If there is none, and it must exist.
        StudyError: If it cannot be opened, is another study's, or is of a newer release.
    """
    url = engine.url
    shown = url.render_as_string(hide_password=True).removeprefix("sqlite:///")
    is_file = url.drivername == "sqlite"
    if must_exist and is_file and not Path(str(url.database)).is_file():
        raise NoVotesError(
            f"there are no votes at `{shown}`", do="Name their place, or serve the study first."
        )
    try:
        if is_file:
            _keep_private(Path(str(url.database)))
            _write_ahead(engine)
        _bring_up_to_date(engine, digest, shown, must_exist=must_exist)
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError, ValueError) as error:
        engine.dispose()
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise StudyError(
            f"the database `{shown}` cannot be used", got=reason, do="Name another with `db`."
        ) from error
    except StudyError:
        engine.dispose()
        raise


def forget_deleted(engine: sa.Engine) -> bool:
    """Leave nothing in the files of what was deleted; a no-op where the database is a server.

    Returns:
        Whether nothing is left. False while another program reads an SQLite file: try again later.
    """
    if engine.dialect.name != "sqlite":
        return True
    with closing(engine.raw_connection()) as handle:
        cursor = handle.cursor()
        cursor.execute("PRAGMA busy_timeout = 200")
        try:
            busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {1000 * WAIT_SECONDS}")
        return not busy


def database_url(address: str) -> sa.URL:
    """Parse an address (UsageError if it is neither a file nor PostgreSQL's).

    Example:
        >>> database_url("votes.sqlite"), database_url("postgresql://me@host/votes").drivername
        (sqlite:///votes.sqlite, 'postgresql+psycopg')
    """
    wrong = UsageError(
        "`db` must be a file for SQLite, or an address such as postgresql://USER@HOST/NAME",
        got=address.partition("://")[0] or "nothing",
    )
    if "://" not in address:
        url = sa.URL.create("sqlite", database=address)
    else:
        try:
            url = sa.make_url(address)
        except (sa.exc.ArgumentError, ValueError):
            raise wrong from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    in_memory = url.drivername == "sqlite" and url.database in (None, "", ":memory:")
    if url.drivername not in ("sqlite", "postgresql+psycopg") or in_memory:
        raise wrong
    return url


def _engine(url: sa.URL) -> sa.Engine:
    """Make connections to the database, each set up as votes need it."""
    if url.drivername == "sqlite":
        engine = sa.create_engine(url, connect_args={"timeout": WAIT_SECONDS})
        sa.event.listen(engine, "connect", _set_up_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = sa.create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
        sa.event.listen(engine, "connect", _set_up_postgres)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, not where Python guesses
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set_up_postgres(connection: Any, record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        if cursor.fetchone()[0] == "off":  # else a vote could be lost that was acknowledged
            cursor.execute("SET synchronous_commit TO on")
    connection.commit()


def _keep_private(path: Path) -> None:
    """Let nobody else read the file; those that SQLite puts beside it are as private."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with suppress(PermissionError):  # another user's, who lets us write to it
        path.chmod(0o600)


def _write_ahead(engine: sa.Engine) -> None:
    """Switch the file to WAL. Where two do so at once, SQLite sends one away without waiting."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        handle = engine.raw_connection()
        try:
            handle.cursor().execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
        finally:
            handle.close()


def _bring_up_to_date(
    engine: sa.Engine, digest: str, shown: str, *, must_exist: bool = False
) -> None:
    """Make or change the tables, and see whose they are, while nobody else does so."""
    script = ScriptDirectory(_MIGRATIONS)
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        known = {step.revision for step in script.walk_revisions()}
        current = context.get_current_revision()
        if current is not None and current not in known:
            raise StudyError(
                f"the database `{shown}` is of a newer release",
                got=f"layout {current}",
                do="Install the newest sketch-pix2seq.",
            )
        if current is None and must_exist:
            raise NoVotesError(f"there are no votes at `{shown}`")
        if current != script.get_current_head():
            _migrate(script, context)
        owner = connection.execute(sa.select(STUDY.c.digest)).scalar()
        if owner is None:
            connection.execute(sa.insert(STUDY).values(digest=digest))
        elif owner != digest:
            raise StudyError(
                f"the database `{shown}` holds the votes of another study",
                do="Name another place for this study's.",
            )


def _migrate(script: ScriptDirectory, context: MigrationContext) -> None:
    """Go through all steps that are missing, in the transaction that is under way."""
    current = context.get_current_revision() or "base"
    missing = list(script.iterate_revisions("head", current))
    with Operations.context(context):
        for step in reversed(missing):
            step.module.upgrade()
    context.stamp(script, "head")
