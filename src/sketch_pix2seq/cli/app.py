"""The command line: it finds the verb, and reports an error in one line.

A verb's module is loaded only when that verb runs.
"""

from __future__ import annotations

import io
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple, get_args

from cyclopts import App, ArgumentCollection, CoercionError, CycloptsError, Parameter

from sketch_pix2seq import __version__
from sketch_pix2seq.cli.terminal import notify, printable
from sketch_pix2seq.errors import SketchPix2SeqError, UsageError

FAILURE, USAGE, INTERRUPTED = 1, 2, 130
"""Exit statuses besides 0; SIGTERM gives 143."""

_NAME = "sketch-pix2seq"
_DEBUG = "--debug"


class Verb(NamedTuple):
    """One verb of the command.

    Args:
        name: Name that the user types.
        target: Function of the verb, or `App` of further verbs, as `module:name`.
        summary: Line in `--help`, so that help loads no verb.
    """

    name: str
    target: str
    summary: str


VERBS = (
    Verb("draw", "sketch_pix2seq.cli.draw:draw", "Draw drawings again, stroke by stroke."),
    Verb("complete", "sketch_pix2seq.cli.draw:complete", "Complete started drawings."),
    Verb("generate", "sketch_pix2seq.cli.generate:generate", "Draw things by their names."),
    Verb("mix", "sketch_pix2seq.cli.mix:mix", "Draw what lies between drawings."),
    Verb("trace", "sketch_pix2seq.cli.trace:trace", "Turn pictures into strokes, without a model."),
    Verb("data", "sketch_pix2seq.cli.data:app", "Prepare drawings for training; look at them."),
    Verb("train", "sketch_pix2seq.cli.train:train", "Train a model on a prepared data set."),
    Verb("recipes", "sketch_pix2seq.cli.train:recipes", "List what can be trained."),
    Verb("evaluate", "sketch_pix2seq.cli.evaluate:evaluate", "Measure models; write a report."),
    Verb(
        "reproduce",
        "sketch_pix2seq.cli.reproduce:reproduce",
        "Train the paper's models; measure them.",
    ),
    Verb("export", "sketch_pix2seq.cli.export:export", "Make a bundle of a training run."),
    Verb("studio", "sketch_pix2seq.cli.studio:studio", "Draw in a browser; the model draws too."),
    Verb("turing", "sketch_pix2seq.cli.turing:app", "Ask people: drawn by a human, or not?"),
)


_DRAWING_VERBS = ("draw", "complete", "generate", "mix", "trace")
RENAMED_COMMANDS = {
    "data export": "now `data convert`",
    "export --judge": "now `export --classifier`",
    **{f"{verb} --smooth": "now `--curves`" for verb in _DRAWING_VERBS},
    "evaluate --seeds": "now `--repeats`",
    "train --judge": "gone: models are not trained with rewards any more",
}
"""Names of earlier versions that users may still type, and what to use instead."""


class Terminated(KeyboardInterrupt):
    """A signal asks the command to end.

    Args:
        message: What is reported.
        status: The exit status, 128 + the signal's number.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Flags:
    """Names of the verb's arguments as users type them, and checks of their values.

    Called by cyclopts once it knows the verb.
    """

    def __init__(self) -> None:
        self.typed: dict[str, str] = {}
        """By Python's name of an argument, what a user types for it."""

    def __call__(self, app: App, path: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Collect the names; refuse fractions for whole numbers; `json` means `ndjson`."""
        for argument in arguments:
            if argument.name.startswith("-"):
                self.typed[argument.field_info.name] = argument.name
            whole = int in (argument.hint, *get_args(argument.hint))
            for index, token in enumerate(argument.tokens):
                if argument.name == "--format" and token.value == "json":
                    argument.tokens[index] = token.evolve(value="ndjson")
                if whole and "." in token.value:  # cyclopts would round it
                    message = f"must be a whole number; got {token.value}"
                    raise CoercionError(msg=message, token=token, argument=argument)

    def as_typed(self, error: SketchPix2SeqError) -> str:
        """Return an error's message with arguments named as they are typed.

        In any but a `UsageError` only the advice names arguments.
        """
        message = str(error)
        about = len(message) if isinstance(error, UsageError) else len(error.do or "")
        start = len(message) - about
        named = re.sub(r"`(\w+)`", self._flag, message[start:])
        return message[:start] + named

    def _flag(self, name: re.Match[str]) -> str:
        return f"`{self.typed.get(name[1], name[1])}`"


def build_app(flags: Flags | None = None) -> App:
    """Return the command line with all verbs, none of them loaded.

    Args:
        flags: Collects the names of the verb's arguments.
    """
    app = App(
        name=_NAME,
        help="Show it a sketch; it draws it again, stroke by stroke.",
        help_epilogue=f"With {_DEBUG}, an error shows where it happened.",
        version=__version__,
        default_parameter=Parameter(negative=()),
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        config=Flags() if flags is None else flags,
    )
    for verb in VERBS:
        app.command(verb.target, name=verb.name, help=verb.summary)
    app.register_install_completion_command(help="Complete words in this shell from now on.")
    return app


def run() -> None:
    """Run the command and exit, even if the reader of stdout has gone."""
    _fill_closed_streams()
    status = main()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing is left to be cleared away
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads: the last flush goes nowhere
    sys.exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0, 1 (failure), 2 (usage), 130 (Ctrl-C) or 143 (SIGTERM).
    """
    words, debug = _without_debug(sys.argv[1:] if arguments is None else list(arguments))
    words = ["./-" if word == "-" else word for word in words]  # cyclopts takes `-` for an option
    flags = Flags()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path may hold what it cannot show
    try:
        with _ends_cleanly():
            _refuse_renamed(words)
            build_app(flags)(words)
            sys.stdout.flush()
    except Terminated as signalled:
        return _report(signalled.message, signalled.status, debug=debug)
    except KeyboardInterrupt:
        return _report("interrupted", INTERRUPTED, debug=debug)
    except CycloptsError as error:
        return _report(str(error), USAGE, debug=debug)
    except UsageError as error:
        return _report(flags.as_typed(error), USAGE, debug=debug)
    except BrokenPipeError:
        return FAILURE  # nobody reads our output any more: end quietly
    except MemoryError:
        message = "there is not enough memory. Ask for fewer or smaller drawings at once."
        return _report(message, FAILURE, debug=debug)
    except SketchPix2SeqError as error:
        return _report(flags.as_typed(error), FAILURE, debug=debug)
    except OSError as error:
        return _report(_os_error_message(error), FAILURE, debug=debug)
    except Exception as error:  # a defect; still one line
        message = f"unexpected {type(error).__name__}: {error}. Run again with {_DEBUG}."
        return _report(message, FAILURE, debug=debug)
    return 0


@contextmanager
def _ends_cleanly() -> Iterator[None]:
    """Raise `Terminated` on Ctrl-C or SIGTERM, so that nothing stays half written.

    A signal that the caller has set to be ignored stays ignored. Outside the main thread, where
    signals do not arrive, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former_handlers = {}
    for number, handler in ((signal.SIGINT, _interrupted), (signal.SIGTERM, _terminated)):
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            former_handlers[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, former in former_handlers.items():
            signal.signal(number, former)


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise Terminated("interrupted", 128 + number)


def _terminated(number: int, frame: FrameType | None) -> None:
    # a batch system may send it to the process and to its group: the second must not stop the
    # clearing away
    signal.signal(number, signal.SIG_IGN)
    raise Terminated("terminated", 128 + number)


def _fill_closed_streams() -> None:
    """Open the null device for each standard stream that the caller closed.

    Else a file of the command would get its number, and Python would print errors on stdout.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, nowhere)


def _refuse_renamed(words: Sequence[str]) -> None:
    """Refuse names of earlier versions, saying what to use instead."""
    end = words.index("--") if "--" in words else len(words)
    typed = [part for word in words[:end] for part in word.split("=", 1 if word[:1] == "-" else 0)]
    for old, answer in RENAMED_COMMANDS.items():
        first, second = old.split()
        if typed[:1] == [first] and second in (typed if second[0] == "-" else typed[1:2]):
            raise UsageError(f"`{old}` is {answer}")


def _without_debug(words: list[str]) -> tuple[list[str], bool]:
    """Remove `--debug` from the words before a `--`."""
    end = words.index("--") if "--" in words else len(words)
    flags = [word for word in words[:end] if word != _DEBUG]
    return flags + words[end:], len(flags) < end


def _report(message: str, status: int, *, debug: bool) -> int:
    """Write one line of error and return the status."""
    if debug:
        sys.stderr.write("\n".join(map(printable, traceback.format_exc().split("\n"))))
    notify(message)
    return status


def _os_error_message(error: OSError) -> str:
    """The system's message, with the name of the file if there is one."""
    reason = error.strerror or str(error)
    return f"`{error.filename}`: {reason}" if error.filename else reason
