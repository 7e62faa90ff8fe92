"""Data sets and their pipelines.

Like ``import knet`` itself, this registers nothing in processes that set
``KNET_NO_PLUGIN``: they draw toy videos (:mod:`knet.datasets.toy`).
"""
import os

if not os.environ.get('KNET_NO_PLUGIN'):
    from . import pipelines  # noqa: F401  (registers the transforms)
    from .base import FrameRecord, PanopticDataset
    from .cityscapes_step import CityscapesSTEP
    from .kitti_step_dvps import KITTISTEPDVPSDataset
    from .video_base import VideoPanopticDataset
    from .vspw import VIPSegSemanticDataset, VSPWDataset

    __all__ = ['CityscapesSTEP', 'FrameRecord', 'KITTISTEPDVPSDataset', 'PanopticDataset',
               'VIPSegSemanticDataset', 'VSPWDataset', 'VideoPanopticDataset']
