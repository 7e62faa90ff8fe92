"""Register all models, data sets and transforms of this package in the registries of mmdet and mmseg."""

import knet.backbones
import knet.datasets
import knet.det
import knet.video
import knet.vss  # noqa: F401
