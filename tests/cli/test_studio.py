"""`sketch-pix2seq studio`, as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from urllib.request import urlopen

from sketch_pix2seq.cli.app import main

COMMAND = [sys.executable, "-c", "from sketch_pix2seq.cli.app import run; run()", "studio"]


def test_it_opens_tells_where_and_ends_with_ctrl_c() -> None:
    with subprocess.Popen(
        [*COMMAND, "--port", "0", "--threads", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        assert told.startswith("The studio is open at http://127.0.0.1:")
        address = told.split()[-1]
        with urlopen(f"{address}api/health") as answer:
            assert json.load(answer)["ok"] is True
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (0, "", "")


def test_an_address_that_is_none_is_one_line() -> None:
    assert main(["studio", "--host", "256.0.0.1", "--port", "0"]) == 2


def test_a_bundle_that_is_none_is_one_line() -> None:
    assert main(["studio", "--bundle", "nowhere"]) == 1
