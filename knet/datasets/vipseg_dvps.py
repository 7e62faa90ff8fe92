"""VIPSeg: videos of every kind with 124 classes."""

from mmdet.datasets.builder import DATASETS

from knet.layouts.vipseg import VIPSegGroundTruth

from .video_base import VideoPanopticDataset


@DATASETS.register_module()
class VIPSegDVPSDataset(VideoPanopticDataset):
    """Videos in the layout of VIPSeg: 58 things, 66 stuff classes.

    See :mod:`knet.layouts.vipseg` for the files and :class:`.video_base.VideoPanopticDataset` for the arguments.
    """

    layout = VIPSegGroundTruth
