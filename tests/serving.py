"""A site served on a free port of this machine, as long as a `with` lasts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI

from sketch_pix2seq.web.server import open_server


@contextmanager
def serving(app: FastAPI, **options: Any) -> Iterator[str]:
    server, listening, address = open_server(app, "127.0.0.1", 0, **options)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    with listening:
        thread.start()
        try:
            yield address.rstrip("/")
        finally:
            server.should_exit = True
            thread.join(60)
