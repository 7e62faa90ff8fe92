"""SemanticKITTI-DVPS: KITTI odometry videos with SemanticKITTI classes and depth."""

from mmdet.datasets.builder import DATASETS

from knet.layouts.semantic_kitti import SemanticKittiGroundTruth

from .video_base import VideoPanopticDataset


@DATASETS.register_module()
class KITTIDVPSDataset(VideoPanopticDataset):
    """Videos in the layout of SemanticKITTI-DVPS: 8 things, 11 stuff classes.

    See :mod:`knet.layouts.semantic_kitti` for the files and :class:`.video_base.VideoPanopticDataset` for the
    arguments. Only the evaluators read the depth.
    """

    layout = SemanticKittiGroundTruth
