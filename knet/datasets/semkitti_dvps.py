"""SemanticKITTI-DVPS: KITTI odometry videos with SemanticKITTI classes and depth."""

from mmdet.datasets.builder import DATASETS

from knet.layouts.ground_truth import SemanticKittiGroundTruth

from .kitti_step_dvps import KITTISTEPDVPSDataset


@DATASETS.register_module()
class KITTIDVPSDataset(KITTISTEPDVPSDataset):
    """Videos in the layout of SemanticKITTI-DVPS: 8 things, 11 stuff classes.

    As :class:`KITTISTEPDVPSDataset`, but the labels of a frame are two gray
    files, ``SSSSSS_FFFFFF_gtFine_class.png`` (255 void) and
    ``SSSSSS_FFFFFF_gtFine_instance.png``. The evaluators read
    ``SSSSSS_FFFFFF_depth_<focal length>.png`` as well.
    """

    truth = SemanticKittiGroundTruth
