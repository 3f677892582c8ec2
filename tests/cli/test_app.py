from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sketch_pix2seq import __version__
from sketch_pix2seq.cli import app as shell
from sketch_pix2seq.cli.app import RENAMED_COMMANDS, VERBS, Verb, main
from sketch_pix2seq.errors import DrawingError, SketchPix2SeqError, UsageError


def raises(error: BaseException) -> Callable[[], None]:
    def verb() -> None:
        """Go wrong."""
        raise error

    return verb


@pytest.fixture
def run_verb(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run a made-up verb, `try`, that raises what it is given."""

    def run(error: BaseException, *words: str) -> int:
        monkeypatch.setattr(shell, "_tried", raises(error), raising=False)
        monkeypatch.setattr(shell, "VERBS", (Verb("try", f"{shell.__name__}:_tried", "Try."),))
        return main(["try", *words])

    return run


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (DrawingError("`x` must be y", got=3, do="Do z."), 1, "`x` must be y; got 3. Do z."),
        (UsageError("`--n` must be positive"), 2, "`--n` must be positive"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (FileNotFoundError(2, "No such file", "a.svg"), 1, "`a.svg`: No such file"),
        (OSError("odd"), 1, "odd"),
        (ValueError("two\nlines"), 1, "unexpected ValueError: two lines. Run again with --debug."),
    ],
)
def test_an_error_is_one_line_and_a_status(
    run_verb: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    line: str,
) -> None:
    assert run_verb(error) == status
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"sketch-pix2seq: {line}\n")


@pytest.mark.parametrize("place", [0, 1])
def test_debug_shows_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: int
) -> None:
    monkeypatch.setattr(shell, "_tried", raises(DrawingError("wrong")), raising=False)
    monkeypatch.setattr(shell, "VERBS", (Verb("try", f"{shell.__name__}:_tried", "Try."),))
    words = ["try"]
    words.insert(place, "--debug")
    assert main(words) == 1
    err = capsys.readouterr().err
    assert err.startswith("Traceback (most recent call last):")
    assert err.endswith("sketch-pix2seq: wrong\n")


def test_debug_after_a_double_dash_is_an_argument() -> None:
    assert shell._without_debug(["try", "--", "--debug"]) == (["try", "--", "--debug"], False)
    assert shell._without_debug(["--debug", "try", "--"]) == (["try", "--"], True)


def test_nobody_listening_is_no_traceback(
    run_verb: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_verb(BrokenPipeError()) == 1
    assert capsys.readouterr().err == ""


def started(closed: int, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, as a shell starts it with `>&-` or `2>&-`."""
    code = f"import os; os.close({closed}); "
    code += "os.execv(os.sys.executable, [os.sys.executable, '-c', *os.sys.argv[1:]])"
    run = "from sketch_pix2seq.cli.app import run; run()"
    command = [sys.executable, "-c", code, run, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="a Windows shell cannot close standard output")
def test_closed_streams_lead_nowhere() -> None:
    silent = started(1, "--version")
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, "", "")
    assert started(1, "dance").stderr.startswith('sketch-pix2seq: Unknown command "dance"')
    deaf = started(2, "dance", "--debug")
    assert (deaf.returncode, deaf.stdout, deaf.stderr) == (2, "", "")
    assert started(2, "--version").stdout == f"{__version__}\n"
    assert (
        "`stdin`: an input must hold a drawing; got an empty file"
        in started(0, "trace", "-").stderr
    )


@pytest.mark.parametrize(
    ("words", "error", "line"),
    [
        (
            ["draw", "x"],
            UsageError("`best_of` is odd", do="Ask `n`."),
            "`--best-of` is odd. Ask `-n`.",
        ),
        (["draw", "x"], UsageError("`margin` of `x.svg`"), "`margin` of `x.svg`"),
        (
            ["draw", "x"],
            DrawingError("`seed` is odd", do="Change `seed`."),
            "`seed` is odd. Change `--seed`.",
        ),
        (["data", "info", "x"], UsageError("`per_category`"), "`--per-category`"),
        (["data", "prepare", "x", "--out", "y"], UsageError("`max_steps`"), "`--max-steps`"),
    ],
)
def test_arguments_are_named_as_they_are_typed(
    words: list[str], error: SketchPix2SeqError, line: str
) -> None:
    flags = shell.Flags()
    app = shell.build_app(flags)
    app.parse_args(words)
    assert flags.as_typed(error) == line


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="only Linux has /dev/full, a disk that is always full"
)
def test_an_output_that_is_full_is_one_line() -> None:
    code = "from sketch_pix2seq.cli.app import run; run()"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code, "--version"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["sketch-pix2seq: No space left on device"]


def test_too_little_memory_is_one_line(
    run_verb: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_verb(MemoryError()) == 1
    assert "not enough memory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["dance"], 'Unknown command "dance".'),
        (["data", "dance"], 'Unknown command "dance".'),
        (["data", "info"], "requires an argument"),
        (["data", "info", "x", "--seed", "y"], "Invalid value"),
        (["data", "info", "x", "--colour"], "Unknown option"),
        (["data", "info", "x", "--seed", "1.5"], "--seed: must be a whole number; got 1.5"),
        (["draw", "x", "-n", "1.5"], "-n: must be a whole number; got 1.5"),
        (["draw", "x", "--best-of=2.0"], "--best-of: must be a whole number; got 2.0"),
        (["data", "prepare", "x", "--out", "y", "--limit", "3.5"], "--limit: must be a whole"),
    ],
)
def test_wrong_words_are_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("sketch-pix2seq: ")
    assert line in err
    assert err.count("\n") == 1


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{__version__}\n"


@pytest.mark.parametrize("words", [["--help"], []])
def test_help_names_every_verb(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(words) == 0
    out = capsys.readouterr().out
    for verb in VERBS:
        assert f" {verb.name} " in out
        assert verb.summary[:30] in out
    assert "--debug" in out


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_verb_has_help(verb: Verb, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb.name, "--help"]) == 0
    assert f"sketch-pix2seq {verb.name}" in capsys.readouterr().out


def test_help_loads_no_room_of_the_package() -> None:
    code = (
        "import sys; from sketch_pix2seq.cli.app import main; main(['--help']); "
        "loaded = {'numpy', 'torch', 'pyarrow'} & set(sys.modules); "
        "sys.exit(f'loaded {loaded}' if loaded else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_it_runs_as_a_command() -> None:
    command = [sys.executable, "-c", "import sys; from sketch_pix2seq.cli.app import main; "]
    command[-1] += "sys.exit(main())"
    found = subprocess.run([*command, "dance"], capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert found.stderr.startswith('sketch-pix2seq: Unknown command "dance".')


@pytest.mark.parametrize("old", RENAMED_COMMANDS)
def test_an_old_word_is_answered_with_the_new_one(
    old: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(old.split()) == 2
    assert f"`{old}` is {RENAMED_COMMANDS[old]}" in capsys.readouterr().err


def test_an_old_word_joined_by_an_equals_sign_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "cnn", "--judge=default"]) == 2
    assert "`train --judge` is gone" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--format", "json"], ["--format=json"]])
def test_json_is_ndjson(tmp_path: Path, words: list[str]) -> None:
    picture = tmp_path / "line.svg"
    picture.write_text('<svg><path stroke="black" d="M0 0L9 9"/></svg>')
    assert main(["trace", str(picture), *words, "--out", str(tmp_path / "out")]) == 0
    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".ndjson"]


def test_completion_can_be_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.setenv("BASH_VERSION", "5")
    assert main(["--install-completion"]) == 0
    (script,) = (tmp_path / ".local").rglob("sketch-pix2seq")
    text = script.read_text()
    assert all(word in text for word in ("draw", "prepare", "--fidelity", "--min-drawings"))
