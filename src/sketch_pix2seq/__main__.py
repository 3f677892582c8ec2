"""Entry point of the command `sketch-pix2seq` and of `python -m sketch_pix2seq`.

Ctrl-C ends it silently while Python still loads the command line: nothing has been done.
"""

from __future__ import annotations

import signal


def run() -> None:
    """Run the command."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from sketch_pix2seq.cli.app import run as run_command

    run_command()


if __name__ == "__main__":
    run()
