from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.web.turing.participant_cookie import read_code, write_code


def test_codes_are_read_as_people_write_them(rng: np.random.Generator) -> None:
    for _ in range(50):
        token = rng.bytes(16)
        code = write_code(token)
        assert len(code) == 32
        assert read_code(code) == token
        assert read_code(code.lower().replace("-", " ")) == token
        assert read_code(code.replace("O", "0").replace("I", "1").replace("B", "8")) == token


@pytest.mark.parametrize("code", ["", "AAAA", "A" * 25, "A" * 33, "é" * 26, "９" * 26, "A" * 1000])
def test_what_is_no_code_is_none(code: str) -> None:
    assert read_code(code) is None
