"""Errors of ours, as they are reported over HTTP."""

from __future__ import annotations

import pytest

from sketch_pix2seq.errors import (
    BundleError,
    BusyError,
    DrawingError,
    RunError,
    SketchPix2SeqError,
    UsageError,
)
from sketch_pix2seq.web.answers import ApiError


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BusyError("too many"), 503, "busy"),
        (DrawingError("no drawing"), 422, "drawing"),
        (UsageError("no such flag"), 422, "usage"),
        (BundleError("cannot complete"), 422, "model"),
        (RunError("no run"), 500, "broken"),
        (SketchPix2SeqError("something"), 500, "failed"),
    ],
)
def test_each_error_has_a_status_and_a_code(
    error: SketchPix2SeqError, status: int, code: str
) -> None:
    wrong = ApiError.of_error(error)
    assert (wrong.status, wrong.code, wrong.message) == (status, code, str(error))


def test_the_advice_is_told_apart_from_what_is_wrong() -> None:
    wrong = ApiError.of_error(DrawingError("a stroke must have a point", got=0, do="Add one."))
    assert (wrong.message, wrong.hint) == ("a stroke must have a point; got 0", "Add one.")


def test_a_status_that_nobody_thought_of_is_told_too() -> None:
    assert ApiError.of_status(418).to_dict() == {
        "ok": False,
        "error": {"code": "failed", "message": "something went wrong here", "hint": "Try again."},
    }
