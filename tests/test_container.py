"""The image's steps, without a builder: what it installs, how it starts, its health, its end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINES = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def last(instruction: str) -> str:
    """What an instruction says in the last stage."""
    return next(line.split(" ", 1)[1] for line in reversed(LINES) if line.startswith(instruction))


def test_it_installs_what_exists_and_runs_without_rights() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (extra,) = re.findall(r"whl\)\[(\w+)\]", last("RUN"))
    assert extra in project["optional-dependencies"]
    user, _, group = last("USER").partition(":")
    assert int(user) > 0
    assert int(group) > 0
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    needed = {"src", "pyproject.toml", "README.md", *project["license-files"], "constraints.txt"}
    assert needed == {line[1:] for line in kept if line.startswith("!")}


def test_it_starts_is_healthy_writes_nothing_and_ends(tmp_path: Path) -> None:
    command = [*json.loads(last("ENTRYPOINT")), *json.loads(last("CMD"))]
    assert command[:3] == ["python", "-m", "sketch_pix2seq"]
    assert command[-1] == last("EXPOSE")
    words = [sys.executable, *command[1:-1], "0"]  # any port that is free
    environment = {**os.environ, "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = str(ROOT / "src")
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            port = re.findall(r":(\d+)", server.stdout.readline())[0]
            check = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
            check[0], check[-1] = sys.executable, check[-1].replace(":8000", f":{port}")
            assert wait_for(check), "the health check never passed"
        finally:
            server.send_signal(signal.SIGTERM)
            status = server.wait(timeout=60)
    assert status == 0
    assert list(tmp_path.iterdir()) == []


def wait_for(check: list[str]) -> bool:
    for _ in range(20):
        if subprocess.run(check, capture_output=True, check=False).returncode == 0:
            return True
        time.sleep(0.5)
    return False
