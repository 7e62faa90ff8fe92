"""KITTI-STEP, and every video data set in its layout."""

from mmdet.datasets.builder import DATASETS

from knet.layouts.kitti_step import KittiStepGroundTruth

from .video_base import VideoPanopticDataset


@DATASETS.register_module()
class KITTISTEPDVPSDataset(VideoPanopticDataset):
    """Videos in the layout of KITTI-STEP: 2 things, 17 stuff classes.

    Only the split ``'test'`` may be without labels. See :mod:`knet.layouts.kitti_step` for the files and
    :class:`.video_base.VideoPanopticDataset` for the arguments.
    """

    layout = KittiStepGroundTruth
