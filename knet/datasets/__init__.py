"""Data sets and their pipelines."""
from . import pipelines  # noqa: F401  (registers the transforms)
from .base import FrameRecord, PanopticDataset
from .cityscapes_step import CityscapesSTEP
from .kitti_step_dvps import KITTISTEPDVPSDataset
from .video_base import VideoPanopticDataset

__all__ = ['CityscapesSTEP', 'FrameRecord', 'KITTISTEPDVPSDataset', 'PanopticDataset', 'VideoPanopticDataset']
