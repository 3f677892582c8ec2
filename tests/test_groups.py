"""That several processes share the tests by groups: otherwise each sets up all that is shared."""

from __future__ import annotations

import os

import pytest


@pytest.mark.xdist_group("kill")
@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all tests")
def test_groups_are_not_ignored(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith("@kill")
