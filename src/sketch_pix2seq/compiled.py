"""C sources of the package, compiled on the machine they run on, where it has a compiler.

What is compiled lies in the user's cache, under a name made of the source, the flags and the
processor, so that machines that share a home do not share code. Whoever asks must be content
with none: nothing here is needed, it is only faster.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")
COMPILERS = ("cc", "gcc", "clang")
SECONDS_TO_COMPILE = 60
HEADER = Path(__file__).with_name("sigmoid.h")


def compiled_library(source: Path, *, openmp: bool = False) -> ctypes.CDLL | None:
    """Compile a C file, or take what was compiled before.

    Args:
        source: the C file; it includes nothing but standard headers and `sigmoid.h`.
        openmp: let it share its work out to the threads that torch has started, if it has.

    Returns:
        The library; None if there is no compiler, or it fails.
    """
    try:
        text = source.read_bytes() + HEADER.read_bytes()
        flags = (*FLAGS, "-fopenmp") if openmp and _has_threads() else FLAGS
        name = hashlib.blake2b(text + repr((flags, _processor())).encode(), digest_size=12)
        folder = _cache_folder()
        place = folder / f"{source.stem}-{name.hexdigest()}.so"
        if not place.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _compile(source, place, flags)
        return ctypes.CDLL(str(place))
    except (OSError, subprocess.SubprocessError, LookupError):
        return None


def _compile(source: Path, place: Path, flags: tuple[str, ...]) -> None:
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise LookupError("no C compiler")
    with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
        made = Path(scratch) / place.name
        subprocess.run(
            [compiler, *flags, str(source), "-o", str(made), "-lm"],
            check=True,
            capture_output=True,
            timeout=SECONDS_TO_COMPILE,
        )
        made.replace(place)


def _has_threads() -> bool:
    """Whether OpenMP's threads are those that torch has started: no second pool beside them."""
    return os.name == "posix" and hasattr(ctypes.CDLL(None), "GOMP_parallel")


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sketch-pix2seq"


def _processor() -> str:
    """What `-march=native` looks at."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.platform() + platform.processor()
    wanted = ("model name", "flags", "Features", "CPU part")
    return "\n".join(sorted({line for line in lines if line.startswith(wanted)}))
