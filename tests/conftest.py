"""Shared by all tests: one thread per process, and the plugin first, which lets mmdet import without compiled ops."""

import os

# Several threads add up in an order that depends on their number, and tests compare weights bit by bit.
os.environ.setdefault('OMP_NUM_THREADS', '1')

import knet_vis.plugin  # noqa: F401
