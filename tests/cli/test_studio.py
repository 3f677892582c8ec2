"""`sketch-pix2seq studio`, as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from bundles import write_bundle
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
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "", "")


def test_an_address_that_is_none_is_one_line() -> None:
    assert main(["studio", "--host", "256.0.0.1", "--port", "0"]) == 2


def test_errors_name_the_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["studio", "--threads", "0"]) == 2
    assert "`--threads` must be 1 or more; got 0" in capsys.readouterr().err


def test_a_bundle_that_is_none_is_one_line() -> None:
    assert main(["studio", "--bundle", "nowhere"]) == 1


def test_it_is_exported_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle, folder = write_bundle(tmp_path / "bundle"), tmp_path / "site"
    command = ["studio", "--bundle", str(bundle), "--export", str(folder)]
    assert main(command) == 0
    assert (
        capsys.readouterr().out == f"The studio is in {folder}: put this folder on any web server\n"
    )
    assert (folder / "index.html").is_file()
    assert (folder / "model" / "model.json").read_bytes() == (bundle / "model.json").read_bytes()
    assert main(command) == 1
    assert "must not exist yet" in capsys.readouterr().err
    assert main([*command[:-1], str(tmp_path / "other"), "--port", "80"]) == 2
    assert "Leave out `--host`, `--port`" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()
