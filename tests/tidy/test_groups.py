"""Tests of one group run in one process: two live halls at once would be late for each other."""

import os

import pytest


@pytest.mark.xdist_group("together")
@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all")
def test_a_group_reaches_those_who_share_out_the_tests(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith("@together")
