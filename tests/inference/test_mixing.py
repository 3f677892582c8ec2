from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.inference.mixing import path_through


@pytest.mark.parametrize("spherical", [False, True])
def test_all_codes_are_passed(rng: np.random.Generator, spherical: bool) -> None:
    codes = rng.standard_normal((4, 6)).astype(np.float32)
    path = path_through(codes, 5, spherical=spherical)
    assert path.shape == (13, 6)
    np.testing.assert_array_equal(path[::4], codes)


def test_linear_weights_are_those_of_the_paper(rng: np.random.Generator) -> None:
    first, second = codes = rng.standard_normal((2, 6)).astype(np.float32)
    path = path_through(codes, 11)
    for number, code in enumerate(path):
        np.testing.assert_allclose(
            code, (1 - number / 10) * first + number / 10 * second, atol=1e-6
        )


def test_spherical_steps_turn_by_equal_angles_and_keep_the_length() -> None:
    path = path_through(np.array([[2, 0, 0], [0, 2, 0]], np.float32), 4, spherical=True)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 2, rtol=1e-6)
    angles = np.degrees(np.arctan2(path[:, 1], path[:, 0]))
    np.testing.assert_allclose(angles, [0, 30, 60, 90], atol=1e-4)


@pytest.mark.parametrize("second", [[1, 2], [2, 4], [-1, -2], [0, 0]])
def test_where_there_is_no_great_circle_the_way_is_straight(second: list[float]) -> None:
    codes = np.array([[1, 2], second], np.float32)
    np.testing.assert_array_equal(path_through(codes, 3, spherical=True), path_through(codes, 3))
