"""The run-time type checker of the tests: shapes, dtypes and types; a whole number is a float."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from beartype import BeartypeConf, beartype

_checked = beartype(conf=BeartypeConf(is_pep484_tower=True))


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """Check the calls of a function; what checks them is made at the first.

    No process calls all functions, and to make it for each would take a fifth of the import.
    """
    make = functools.cache(lambda: _checked(function))

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return make()(*args, **kwargs)

    return called
