"""A site served on a free port of this machine, as long as a `with` lasts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI

from sketch_pix2seq.web.server import serve


@contextmanager
def serving(app: FastAPI, **options: Any) -> Iterator[str]:
    ready = threading.Event()
    told: list[str] = []

    def on_ready(address: str) -> None:
        told.append(address.rstrip("/"))
        ready.set()

    stop = threading.Event()
    thread = threading.Thread(
        target=serve,
        args=(app, "127.0.0.1", 0),
        kwargs={"on_ready": on_ready, "stop": stop, **options},
        daemon=True,
    )
    thread.start()
    assert ready.wait(20)
    try:
        yield told[0]
    finally:
        stop.set()
        thread.join(20)
