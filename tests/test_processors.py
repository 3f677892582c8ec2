"""How threads wait: asleep, unless the user decides; and OpenMP is told before it is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sketch_pix2seq.cli.app import main
from sketch_pix2seq.processors import let_idle_threads_sleep

VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
FIRST_IMPORT = """
import os, sys

class Watcher:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print(os.environ.get("OMP_WAIT_POLICY"), flush=True)
            os._exit(0)

sys.meta_path.insert(0, Watcher())
from sketch_pix2seq.cli.app import main
main(sys.argv[1:])
"""


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "")  # so that what is set here is undone
        monkeypatch.delenv(name)


def test_idle_threads_sleep() -> None:
    let_idle_threads_sleep()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


@pytest.mark.parametrize("name", VARIABLES)
def test_what_the_user_has_set_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "ACTIVE")
    let_idle_threads_sleep()
    assert {key: os.environ[key] for key in VARIABLES if key in os.environ} == {name: "ACTIVE"}


def test_train_says_so_before_torch_is_imported(tmp_path: Path) -> None:
    words = ["train", "cnn_small", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    command = [sys.executable, "-c", FIRST_IMPORT, *words]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.stdout == "PASSIVE\n", found.stderr


def test_reproduce_says_so_first(tmp_path: Path) -> None:
    words = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    assert main(["reproduce", *words]) == 1
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
