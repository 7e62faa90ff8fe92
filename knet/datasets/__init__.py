"""Data sets and their pipelines."""

from knet.utils import compat

compat.apply()  # before anything that imports mmdet

from . import pipelines  # noqa: F401  (registers the transforms)
from .base import PanopticDataset
from .cityscapes_panoptic import CityscapesPanopticDataset
from .cityscapes_step import CityscapesSTEP
from .cityscapes_vps import CityscapesVPSDataset
from .coco import CocoInstanceDataset
from .coco_panoptic import CocoPanopticDatasetCustom
from .kitti_step_dvps import KITTISTEPDVPSDataset
from .semkitti_dvps import KITTIDVPSDataset
from .video_base import VideoPanopticDataset
from .vipseg_dvps import VIPSegDVPSDataset
from .vspw import VIPSegSemanticDataset, VSPWDataset

__all__ = [
    'CityscapesPanopticDataset',
    'CityscapesSTEP',
    'CityscapesVPSDataset',
    'CocoInstanceDataset',
    'CocoPanopticDatasetCustom',
    'KITTIDVPSDataset',
    'KITTISTEPDVPSDataset',
    'PanopticDataset',
    'VIPSegDVPSDataset',
    'VIPSegSemanticDataset',
    'VSPWDataset',
    'VideoPanopticDataset',
]
