"""Register the clip model and its data sets in the registries of mmdet, with everything of :mod:`knet`."""

import knet_vis.datasets
import knet_vis.tracker  # noqa: F401
