"""What files about something are called."""

from __future__ import annotations

import re


def as_file_name(label: str) -> str:
    """Return what files about something are called.

    Args:
        label: Any.

    Example:
        >>> as_file_name("<my> model")
        '-my-model'
    """
    return re.sub(r"[^\w.+-]+", "-", label)
