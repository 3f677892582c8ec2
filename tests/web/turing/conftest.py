"""Databases to keep votes in: a file, and a PostgreSQL server of our own where there is one."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sketch_pix2seq.evaluation.turing.study import Study
from studies import scribbles, write_study


def postgres_programs() -> Path | None:
    """Where PostgreSQL's server is: in the path, or where Debian puts it."""
    found = shutil.which("initdb")
    places = [found] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(places[-1]).parent if places else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server on a socket of its own, without its database's name."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="sp2s-", dir="/tmp"))  # a socket's path must be short
    as_user: list[str] = []
    if os.getuid() == 0:  # it refuses to run as root
        if shutil.which("runuser") is None:
            pytest.skip("PostgreSQL does not run as root, and there is no runuser")
        shutil.chown(folder, "postgres", "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    control = [*as_user, str(programs / "pg_ctl"), "-D", str(folder / "data"), "-w"]
    init = [
        *as_user,
        str(programs / "initdb"),
        "-D",
        str(folder / "data"),
        "-U",
        "tests",
        "--no-sync",
    ]
    # it is never killed itself: its own care for the disk would only slow the tests down
    options = "-c fsync=off -c full_page_writes=off "
    options += f"-c listen_addresses='' -c unix_socket_directories='{folder}'"
    try:
        subprocess.run(init, check=True, capture_output=True, cwd=folder)
        start = [*control, "-o", options, "-l", str(folder / "log"), "start"]
        subprocess.run(start, check=True, capture_output=True, cwd=folder)
        try:
            yield f"postgresql://tests@/{{name}}?host={folder}"
        finally:
            stop = [*control, "-m", "immediate", "stop"]
            subprocess.run(stop, check=True, capture_output=True, cwd=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "votes.sqlite")
    import psycopg

    server: str = request.getfixturevalue("postgres")
    name = f"votes_{secrets.token_hex(4)}"
    maintenance = server.format(name="postgres")
    with contextlib.closing(psycopg.connect(maintenance, autocommit=True)) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return server.format(name=name)


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of twelve scribbles."""
    folder = tmp_path_factory.mktemp("turing") / "study"
    write_study(folder, scribbles())
    return folder


@pytest.fixture(scope="session")
def study(study_folder: Path) -> Study:
    return Study.open(study_folder)
