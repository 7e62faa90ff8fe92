"""Shared by all tests: the plugin comes first, because it lets mmdet import without compiled ops."""

import os
from typing import Iterator

import pytest

import knet  # noqa: F401


@pytest.fixture(autouse=True)
def programs_start_with_the_plugin() -> Iterator[None]:
    """Tools that need only numpy say so in the environment; run in this process, they would say it for all."""
    os.environ.pop('KNET_NO_PLUGIN', None)
    yield
    os.environ.pop('KNET_NO_PLUGIN', None)
