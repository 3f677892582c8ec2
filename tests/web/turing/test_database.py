"""Opening databases: the right ones, however many at once, and no others."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from sketch_pix2seq.errors import SketchPix2SeqError, StudyError, UsageError
from sketch_pix2seq.evaluation.turing.statistics import Vote
from sketch_pix2seq.web.turing import migrations
from sketch_pix2seq.web.turing.database import METADATA, VERSION_TABLE, database_url, open_database
from sketch_pix2seq.web.turing.migrations.versions import v0001_votes
from sketch_pix2seq.web.turing.store import Participant, Store

STUDY, ANOTHER = "a" * 64, "b" * 64
PRAGMAS = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")


def test_the_steps_lead_to_the_tables_that_the_code_uses(address: str) -> None:
    engine = open_database(address, STUDY)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        differences = compare_metadata(context, METADATA)
    engine.dispose()
    assert [one for one in differences if "comment" not in str(one[0])] == []


def test_votes_of_the_first_layout_are_kept(address: str) -> None:
    engine = sa.create_engine(database_url(address))
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        with Operations.context(context):
            v0001_votes.upgrade()
        context.stamp(ScriptDirectory(Path(migrations.__file__).parent), "0001")
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO turing_participants (token_hash, seed, joined) VALUES (:h, 7, :day)"
            ),
            {"h": hashlib.sha256(bytes(16)).digest(), "day": "2026-01-02"},
        )
        connection.execute(sa.text("INSERT INTO turing_votes VALUES (1, 'cat', TRUE)"))
        columns = {one["name"] for one in sa.inspect(connection).get_columns("turing_votes")}
    engine.dispose()
    assert columns == {"participant", "sketch", "human"}
    store = Store.open(address, STUDY)
    assert store.votes() == [Vote("0001", "cat", True)]
    assert store.find(bytes(16)) == Participant(1, 7, human_left=True, external_id=None)
    token = store.join("5f1", lambda number: number % 2 == 1)
    assert store.find(token) is not None
    assert [one.external_id for one in store.external_ids()] == ["5f1"]
    store.close()


def test_opened_again_it_is_the_same_and_another_studys_is_refused(address: str) -> None:
    for _ in range(2):
        open_database(address, STUDY).dispose()
    with pytest.raises(StudyError, match="holds the votes of another study"):
        open_database(address, ANOTHER)


def test_a_newer_layout_is_refused(address: str) -> None:
    engine = open_database(address, STUDY)
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StudyError, match="is of a newer release; got layout 9999"):
        open_database(address, STUDY)


def test_votes_must_be_there_to_be_counted(address: str, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="there are no votes at"):
        open_database(address, STUDY, must_exist=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_many_servers_may_start_at_once(address: str) -> None:
    code = (
        "import sys; from sketch_pix2seq.web.turing.database import open_database;"
        "print('ready', flush=True); sys.stdin.read();"
        "[open_database(sys.argv[1], sys.argv[2]).dispose() for _ in range(3)]"
    )
    command = [sys.executable, "-W", "error", "-c", code, address, STUDY]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    started = [subprocess.Popen(command, text=True, **pipes) for _ in range(5)]  # type: ignore[call-overload]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.close()
    for process in started:
        with process:
            assert process.wait(60) == 0, process.stderr.read()
    engine = open_database(address, STUDY, must_exist=True)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM turing_study")).scalar() == 1
    engine.dispose()


def test_sqlite_waits_for_the_disk_at_every_commit(tmp_path: Path) -> None:
    engine = open_database(str(tmp_path / "votes.sqlite"), STUDY)
    with engine.connect() as connection:
        values = [connection.execute(sa.text(f"PRAGMA {name}")).scalar() for name in PRAGMAS]
    engine.dispose()
    assert values == ["wal", 2, 1, 30_000]


def test_postgresql_waits_for_the_disk_where_its_settings_say_it_need_not(postgres: str) -> None:
    address = postgres.format(name="postgres") + "&options=-c%20synchronous_commit%3Doff"
    engine = open_database(address, STUDY)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SHOW synchronous_commit")).scalar() == "on"
    engine.dispose()


@pytest.mark.parametrize(
    "address", ["", "mysql://me@here/votes", "sqlite://", "sqlite:///:memory:", "://", "http://[/"]
)
def test_addresses_of_other_things_are_usage_errors(address: str) -> None:
    with pytest.raises(UsageError, match="`db` must be a file for SQLite, or an address such as"):
        database_url(address)


def test_errors_do_not_reveal_the_password(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is no database at all, but a text of some length")
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE turing_votes (x)")
    other.close()
    for name in ("text", "other.sqlite", "no/such/folder"):
        with pytest.raises(StudyError, match="cannot be used"):
            open_database(str(tmp_path / name), STUDY)
    with pytest.raises(StudyError) as error:
        open_database("postgresql://me:secret@127.0.0.1:1/votes", STUDY)
    assert "secret" not in str(error.value)
    assert "cannot be used" in str(error.value)


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "votes.sqlite"
    path.touch(0o644)
    store = Store.open(str(path), STUDY)
    token = store.join("an-id-of-elsewhere")
    hashed = hashlib.sha256(token).digest()
    files = list(tmp_path.iterdir())
    assert len(files) == 3
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    assert any(hashed in file.read_bytes() for file in files)
    participant = store.find(token)
    assert participant is not None
    store.withdraw(participant)
    for secret in (hashed, b"an-id-of-elsewhere"):
        assert not any(secret in file.read_bytes() for file in files)
    store.close()


def test_what_a_reader_held_in_the_files_vanishes_with_a_later_write(tmp_path: Path) -> None:
    path = tmp_path / "votes.sqlite"
    store = Store.open(str(path), STUDY)
    participant = store.find(store.join("an-id-of-elsewhere"))
    assert participant is not None
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM turing_participants").fetchall()
        store.withdraw(participant)  # does not wait for the reader
    store.join()
    assert not any(b"an-id-of-elsewhere" in file.read_bytes() for file in tmp_path.iterdir())
    store.close()


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE turing_participants SET joined = 'yesterday'",
        "UPDATE turing_participants SET joined = x'ff00'",
        "ALTER TABLE turing_votes RENAME COLUMN human TO robot",
        "DROP TABLE turing_participants",
        "UPDATE turing_votes SET human = 'x'",
    ],
)
def test_a_tampered_database_is_read_or_refused(tmp_path: Path, tampering: str) -> None:
    path = tmp_path / "votes.sqlite"
    store = Store.open(str(path), STUDY)
    participant = store.find(store.join())
    assert participant is not None
    store.vote(participant, "cat", human=True)
    with closing(sqlite3.connect(path)) as other:
        other.execute(tampering)
        other.commit()
    for read in (store.period, store.votes):
        with suppress(SketchPix2SeqError):
            read()
    store.close()
