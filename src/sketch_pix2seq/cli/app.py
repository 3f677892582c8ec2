"""The command's shell: finding the verb, and one clear line when something is wrong.

Knows the names of the verbs; loads a verb's module only when it is asked for.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NamedTuple, get_args

from cyclopts import App, CycloptsError, Parameter, convert

from sketch_pix2seq import __version__
from sketch_pix2seq.errors import SketchPix2SeqError, UsageError

FAILURE, USAGE, INTERRUPTED = 1, 2, 130
"Exit statuses besides 0."

_NAME = "sketch-pix2seq"
_DEBUG = "--debug"


class Verb(NamedTuple):
    """One verb of the command.

    Args:
        name: What the user types.
        home: Its function, or its `App` of further verbs, as `module:name`.
        summary: Its line in `--help`, so that help loads no verb.
    """

    name: str
    home: str
    summary: str


VERBS = (
    Verb("draw", "sketch_pix2seq.cli.draw:draw", "Draw drawings again, stroke by stroke."),
    Verb("data", "sketch_pix2seq.cli.data:app", "Prepare drawings for training; look at them."),
    Verb("train", "sketch_pix2seq.cli.train:train", "Train a model on a prepared data set."),
    Verb("recipes", "sketch_pix2seq.cli.train:recipes", "List what can be trained."),
    Verb("export", "sketch_pix2seq.cli.export:export", "Make a bundle of a training run."),
)


def build_app() -> App:
    """Return the command line with all verbs, none of them loaded."""
    app = App(
        name=_NAME,
        help="Show it a sketch; it draws it again, stroke by stroke.",
        help_epilogue=f"With {_DEBUG}, an error shows where it happened.",
        version=__version__,
        default_parameter=Parameter(negative=(), converter=_exactly),
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
    )
    for verb in VERBS:
        app.command(verb.home, name=verb.name, help=verb.summary)
    return app


def _exactly(kind: Any, tokens: Any) -> Any:
    """Convert as the library does, but do not round 1.5 to a whole number."""
    if int in (kind, *get_args(kind)) and float not in get_args(kind):
        for token in tokens:
            if "." in token.value:
                raise ValueError(f"{token.value} is not a whole number")
    return convert(kind, tokens)


def run() -> None:
    """Be the command: run, and leave nothing for the interpreter to stumble over at its end."""
    status = main()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads: the last flush goes nowhere
    sys.exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: What follows the command's name; None: as it was started.

    Returns:
        The exit status: 0, 1 (failure), 2 (usage) or 130 (Ctrl-C).
    """
    words, debug = _without_debug(sys.argv[1:] if arguments is None else list(arguments))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path may hold what it cannot show
    try:
        build_app()(words)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return _report("interrupted", INTERRUPTED, debug=debug)
    except (CycloptsError, UsageError) as error:
        return _report(str(error), USAGE, debug=debug)
    except BrokenPipeError:
        return FAILURE  # nobody reads our output any more: end quietly
    except MemoryError:
        message = "there is not enough memory. Ask for fewer or smaller drawings at once."
        return _report(message, FAILURE, debug=debug)
    except SketchPix2SeqError as error:
        return _report(str(error), FAILURE, debug=debug)
    except OSError as error:
        return _report(_what_the_system_says(error), FAILURE, debug=debug)
    except Exception as error:  # a defect of ours; still one line
        message = f"unexpected {type(error).__name__}: {error}. Run again with {_DEBUG}."
        return _report(message, FAILURE, debug=debug)
    return 0


def _without_debug(words: list[str]) -> tuple[list[str], bool]:
    """Take `--debug` out of the words, wherever it stands before a `--`."""
    end = words.index("--") if "--" in words else len(words)
    flags = [word for word in words[:end] if word != _DEBUG]
    return flags + words[end:], len(flags) < end


def _report(message: str, status: int, *, debug: bool) -> int:
    """Say in one line what went wrong."""
    if sys.stderr is None:
        return status  # closed: and stdout is no place for it
    if debug:
        traceback.print_exc()
    print(f"{_NAME}: {' '.join(message.split())}", file=sys.stderr)
    return status


def _what_the_system_says(error: OSError) -> str:
    """Name the file, if there is one, and what is wrong with it."""
    reason = error.strerror or str(error)
    return f"`{error.filename}`: {reason}" if error.filename else reason
