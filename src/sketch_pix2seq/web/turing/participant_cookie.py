"""Which participant a request comes from: a cookie that no script can read, or a code typed in.

The cookie and the code are the same token; the code is how people write it down.
"""

from __future__ import annotations

import base64
import binascii

from starlette.requests import Request
from starlette.responses import Response

from sketch_pix2seq.web.turing.store import TOKEN_BYTES, Participant, Store

KEPT_SECONDS = 180 * 24 * 3600
"""How long a browser keeps a participant's place."""
_GROUP = 4
_ALIKE = str.maketrans("018", "OIB")  # digits that base32 lacks, and the letters they look like


def _cookie_name(request: Request) -> str:
    """Name the participant's cookie; over HTTPS no other host can set one of this name."""
    return "__Host-participant" if request.url.scheme == "https" else "participant"


def _token_of(request: Request) -> bytes | None:
    return read_code(request.cookies.get(_cookie_name(request), ""))


def participant_of(request: Request, store: Store) -> Participant | None:
    """Return the participant who sent a request; None: not a known one."""
    token = _token_of(request)
    return None if token is None else store.find(token)


def code_of(request: Request) -> str:
    """Return the token of a request's cookie as a code; empty without a token."""
    token = _token_of(request)
    return "" if token is None else write_code(token)


def set_token_cookie(response: Response, request: Request, token: bytes | None) -> None:
    """Let the browser keep a token; None: let it forget the one that it has."""
    response.set_cookie(
        _cookie_name(request),
        "" if token is None else write_code(token),
        max_age=0 if token is None else KEPT_SECONDS,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def write_code(token: bytes) -> str:
    """Write a token as people can copy it.

    Example:
        >>> write_code(bytes(16))
        'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AA'
    """
    letters = base64.b32encode(token).decode().rstrip("=")
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def read_code(code: str) -> bytes | None:
    """Read a token as people write it; None if the text is not a token.

    Example:
        >>> read_code(" aaaa aaaa-aaaaAAAA aaaa aaaa aa ") == bytes(16)
        True
    """
    letters = "".join(sign for sign in code.upper() if sign.isalnum()).translate(_ALIKE)
    try:
        token = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except (binascii.Error, ValueError):
        return None
    return token if len(token) == TOKEN_BYTES else None
