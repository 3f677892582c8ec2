"""`sketch-pix2seq studio`: the model in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sketch_pix2seq.cli.addresses import print_addresses
from sketch_pix2seq.cli.inputs import model_at
from sketch_pix2seq.cli.terminal import print_line
from sketch_pix2seq.errors import InputError, UsageError
from sketch_pix2seq.extras import needs_extra

if TYPE_CHECKING:
    from sketch_pix2seq.inference.sketcher import Sketcher

LOCAL = "127.0.0.1"
"""This machine alone."""
PORT = 8000


def studio(
    *,
    bundle: Path | None = None,
    export: Path | None = None,
    address: str | None = None,
    host: str = LOCAL,
    port: int = PORT,
    num_threads: Annotated[int | None, Parameter(name="--threads")] = None,
    allow_host: tuple[str, ...] = (),
    proxy: str | None = None,
) -> None:
    """Open the studio: a page on which you draw and the model draws too.

    The model draws in the browser. It runs until Ctrl-C. Nothing that is drawn is kept, and nothing
    is loaded from elsewhere.

    Args:
        bundle: The model, a folder or zip file; without it the one that comes with the package.
        export: Instead of opening it, write it into this new folder, which any web server can
            serve, at any address.
        address: With `--export`, where that folder will be, such as https://example.org/studio/:
            then links to it show a picture.
        host: Address to listen at: 127.0.0.1 for this machine alone, 0.0.0.0 for others too; the
            addresses that these can open are printed, the first one as a QR code, too.
        port: Port to listen at; 0: any that is free.
        num_threads: Requests that are worked on at once; without it as many as there are
            processors.
        allow_host: A name by which browsers may ask for the site; can be repeated. Addresses in
            numbers, `localhost` and `host` may always.
        proxy: Address of a proxy in front of the site that names the client, such as 127.0.0.1.
    """
    with needs_extra("web"):
        from sketch_pix2seq.web.server import serve
        from sketch_pix2seq.web.studio.app import create_studio

    from sketch_pix2seq.inference.arguments import checked_threads
    from sketch_pix2seq.inference.sketcher import Sketcher

    checked_threads(num_threads)
    is_served = (host, port, num_threads, allow_host, proxy) != (LOCAL, PORT, None, (), None)
    if export is not None and is_served:
        raise UsageError(
            "`--export` writes files and opens nothing",
            do="Leave out `--host`, `--port`, `--threads`, `--allow-host` and `--proxy`.",
        )
    if address is not None and (export is None or not address.startswith(("https://", "http://"))):
        raise UsageError(
            "`address` must be where an exported studio will be",
            got=address,
            do="Give `--export` too, and an address that begins with https://.",
        )
    sketcher = Sketcher.load(model_at(bundle), num_threads=1)  # for each client
    if export is not None:
        _write(sketcher, export, address or "")
        return
    app = create_studio(sketcher, num_threads=num_threads)
    serve(app, host, port, _announce, allow_host=allow_host, proxy=proxy)


def _write(sketcher: Sketcher, folder: Path, address: str) -> None:
    from sketch_pix2seq.io.atomic import atomic_dir
    from sketch_pix2seq.web.studio.pages import write_studio

    with atomic_dir(folder, InputError) as partial:
        write_studio(sketcher, partial, address=address)
    print_line(f"The studio is in {folder}: put this folder on any web server")


def _announce(address: str) -> None:
    print_addresses("The studio is open at", address)
