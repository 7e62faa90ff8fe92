"""Registers everything: importing this module fills mmdet's registries."""

import knet  # noqa: F401  first, because it repairs what mmdet needs
import knet_vis.datasets
import knet_vis.tracker  # noqa: F401
