"""Shared by all tests: the plugin comes first, because it lets mmdet import without compiled ops."""

import knet_vis.plugin  # noqa: F401
