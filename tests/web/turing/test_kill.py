"""Kill -9 in the middle of votes from many at once: what was acknowledged is there, once."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from sketch_pix2seq.evaluation.turing.study import Study
from sketch_pix2seq.web.turing.participant_cookie import read_code
from sketch_pix2seq.web.turing.store import Store
from studies import scribbles, write_study

NUM_PEOPLE = 10
ENOUGH = 250
"""Acknowledged votes after which the server is killed."""
SERVER = """
import sys
from pathlib import Path
from sketch_pix2seq.evaluation.turing.study import Study
from sketch_pix2seq.web.guards import Limits
from sketch_pix2seq.web.server import serve
from sketch_pix2seq.web.turing.app import create_turing
from sketch_pix2seq.web.turing.store import Store

folder, address = Path(sys.argv[1]), sys.argv[2]
study = Study.open(folder)
site = create_turing(study, folder, Store.open(address, study.digest), results_token="x" * 16,
                     limits=Limits(per_second=1e6, burst=10**6))
serve(site, "127.0.0.1", 0, lambda address: print(address, flush=True))
"""


class Acknowledged(NamedTuple):
    """A vote that the server said it keeps."""

    code: str
    sketch: str
    human: bool
    counted: bool


@contextmanager
def server(folder: Path, address: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own, and where it is."""
    command = [sys.executable, "-W", "error", "-c", SERVER, str(folder), address]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield process, urlsplit(process.stdout.readline()).netloc
        finally:
            process.kill()


def begun(place: str) -> str:
    """Take part; return the cookie's value."""
    connection = http.client.HTTPConnection(place, timeout=60)
    connection.request("POST", "/begin", headers={"Sec-Fetch-Site": "same-origin"})
    cookie = connection.getresponse().headers["set-cookie"]
    connection.close()
    return str(cookie).partition("=")[2].partition(";")[0]


def voted(connection: http.client.HTTPConnection, code: str, sketch: str, human: bool) -> Any:
    """Vote; return what the server says."""
    body = json.dumps({"sketch": sketch, "tag": "human" if human else "computer"})
    headers = {"Content-Type": "application/json", "Cookie": f"participant={code}"}
    connection.request("POST", "/api/vote", body, headers)
    answer = connection.getresponse()
    told = json.loads(answer.read())
    assert answer.status == 200, told
    return told


def vote_until_it_ends(
    place: str, code: str, names: list[str], human: bool, said: list[Acknowledged], go: Any
) -> None:
    """Vote on everything in turn, always the same; note what is acknowledged."""
    connection = http.client.HTTPConnection(place, timeout=60)
    go.wait()
    try:
        for name in names:
            told = voted(connection, code, name, human)
            said.append(Acknowledged(code, name, human, told["counted"]))
    except (OSError, http.client.HTTPException):
        pass  # the server is gone: what it did not acknowledge, it need not keep
    finally:
        connection.close()


def acknowledged_until_killed(folder: Path, address: str, study: Study) -> list[Acknowledged]:
    """Let everybody vote twice at once, with two minds, and kill the server meanwhile."""
    names = [sketch.name for sketch in study.sketches]
    said: list[Acknowledged] = []
    go = threading.Barrier(2 * NUM_PEOPLE + 1)
    with (
        server(folder, address) as (process, place),
        ThreadPoolExecutor(2 * NUM_PEOPLE) as threads,
    ):
        codes = [begun(place) for _ in range(NUM_PEOPLE)]
        running = [
            threads.submit(vote_until_it_ends, place, code, names, human, said, go)
            for code in codes
            for human in (True, False)
        ]
        go.wait()
        while len(said) < ENOUGH:
            threading.Event().wait(0.002)
        os.kill(process.pid, signal.SIGKILL)
        for one in running:
            one.result()
    assert ENOUGH <= len(said) < 2 * NUM_PEOPLE * len(names)  # it did end in the middle
    return said


@pytest.mark.parametrize(
    "address", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
def test_no_acknowledged_vote_is_lost_and_none_counts_twice(address: str, tmp_path: Path) -> None:
    study = write_study(tmp_path / "study", scribbles(20, ("cnn", "rnn"), ("cat",)))
    said = acknowledged_until_killed(tmp_path / "study", address, study)
    store = Store.open(address, study.digest, must_exist=True)
    votes = store.votes()
    kept = {(vote.participant, vote.sketch): vote.human for vote in votes}
    assert len(kept) == len(votes)
    numbers = {}
    for code in {one.code for one in said}:
        participant = store.find(read_code(code) or b"")
        assert participant is not None
        numbers[code] = f"{participant.number:04d}"
    store.close()
    for one in said:
        tag = kept[numbers[one.code], one.sketch]  # it is there
        assert tag == one.human or not one.counted  # and as it was acknowledged
    counted = Counter((one.code, one.sketch) for one in said if one.counted)
    assert max(counted.values()) == 1
    # those who did not hear of their vote send it again, to the next server
    with server(tmp_path / "study", address) as (_, place):
        connection = http.client.HTTPConnection(place, timeout=60)
        for one in said[-20:]:
            assert voted(connection, one.code, one.sketch, not one.human)["counted"] is False
        connection.close()
    store = Store.open(address, study.digest, must_exist=True)
    assert store.votes() == votes
    store.close()


@pytest.fixture(autouse=True)
def _posix() -> None:
    if not hasattr(signal, "SIGKILL"):
        pytest.skip("this system has no kill -9")
