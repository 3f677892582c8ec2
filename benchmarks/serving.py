"""The studio under load: many clients on this machine, for six redrawings or for its files.

The server is a process of its own, as `sketch-pix2seq studio` starts it, but with no limit of
pace, since all clients have one address here. Clients and server share the processors.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from benchmarks.figures import Figure
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.sketch.sketch import Sketch
from sketch_pix2seq.web.files import static_files, static_prefix
from sketch_pix2seq.web.studio.forms import strokes_in_middle

CLIENTS = (1, 20, 100)
SECONDS = 8.0
DRAWINGS_A_REQUEST = 6
_SERVER = """
from dataclasses import replace
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.web.server import serve
from sketch_pix2seq.web.studio.app import LIMITS, create_studio
limits = replace(LIMITS, per_second=1e9, burst=10**9)
app = create_studio(Sketcher.load(num_threads=1), limits)
serve(app, "127.0.0.1", 0, lambda address: print(address, flush=True))
"""


def measure(sketches: Sequence[Sketch]) -> list[Figure]:
    """Ask for redrawings from 1, 20 and 100 clients at once.

    Args:
        sketches: What is redrawn.
    """
    bodies = [_request(sketch) for sketch in sketches[:200]]
    alone = _rate_alone(sketches[:200])
    figures = []
    with _server() as (address, process):
        asyncio.run(_load(address, bodies, 20, 3.0))  # warm
        before = _memory(process)
        for clients in CLIENTS:
            seconds, refused, took = asyncio.run(_load(address, bodies, clients, SECONDS))
            rate = len(seconds) * DRAWINGS_A_REQUEST / took
            middle, late = np.percentile(seconds, [50, 95]) * 1e3
            figures.append(
                Figure(
                    work=f"studio, {clients} clients: p50 {middle:.0f} ms, p95 {late:.0f} ms, "
                    f"{refused} refused as busy",
                    value=rate,
                    unit="redrawings/s",
                    peer="the engine without a server",
                    peer_value=alone,
                    bar="",
                    met=True,
                )
            )
        paths = _files_of_the_first_page()
        figures += [_static(address, paths, clients) for clients in CLIENTS]
        after = _memory(process)
    figures.append(
        Figure(
            work="studio, memory after the load",
            value=after,
            unit="MB",
            peer="before it",
            peer_value=before,
            bar="<= 1.1 of it",
            met=after <= 1.1 * before,
        )
    )
    return figures


def _files_of_the_first_page() -> list[str]:
    """All but the model, as a first visit asks for them."""
    names = [name for name in static_files() if name.endswith((".js", ".css"))]
    return ["/", *(f"/{static_prefix()}{name}" for name in names)]


def _static(address: str, paths: Sequence[str], clients: int) -> Figure:
    """Let clients fetch files, compressed."""
    head = "GET {} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
    requests = [head.format(path).encode() for path in paths]
    waits, refused, took = asyncio.run(_load(address, requests, clients, SECONDS / 2))
    middle, late = np.percentile(waits, [50, 95]) * 1e3
    return Figure(
        work=f"studio, files, {clients} clients: p50 {middle:.1f} ms, p95 {late:.1f} ms, "
        f"{refused} refused",
        value=len(waits) / took / len(paths),
        unit="visits/s",
        peer=f"files of a visit, without the model: {len(paths)}",
        peer_value=len(waits) / took,
        bar="",
        met=True,
    )


def _request(sketch: Sketch) -> bytes:
    form = {"drawing": strokes_in_middle(sketch, fit=True), "n": DRAWINGS_A_REQUEST}
    body = json.dumps(form).encode()
    head = (
        "POST /api/redraw HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _rate_alone(sketches: Sequence[Sketch]) -> float:
    sketcher = Sketcher.load()
    sketcher.redraw(sketches, n=1)
    started = time.perf_counter()
    sketcher.redraw(sketches, n=DRAWINGS_A_REQUEST)
    return len(sketches) * DRAWINGS_A_REQUEST / (time.perf_counter() - started)


@contextmanager
def _server() -> Iterator[tuple[str, int]]:
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), process.pid
        finally:
            process.terminate()


async def _load(
    address: str, bodies: Sequence[bytes], clients: int, seconds: float
) -> tuple[list[float], int, float]:
    """Let clients ask one thing after another; return their waits, refusals and the time."""
    started = time.perf_counter()
    waits: list[float] = []
    refused = 0

    async def ask(number: int) -> None:
        nonlocal refused
        place = urlsplit(address)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        turn = number
        while time.perf_counter() - started < seconds:
            asked = time.perf_counter()
            writer.write(bodies[turn % len(bodies)])
            status = await _answer(reader)
            if status == 200:
                waits.append(time.perf_counter() - asked)
            else:
                refused += 1
                await asyncio.sleep(0.2)
            turn += clients
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(ask(number) for number in range(clients)))
    return waits, refused, time.perf_counter() - started


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read one whole answer; return its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.split("content-length:")[1].split()[0])
    await reader.readexactly(length)
    return int(head.split()[1])


def _memory(process: int) -> float:
    """Memory of a process, MB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")
