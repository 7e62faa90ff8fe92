"""Data sets of video instance segmentation."""

from knet.utils import compat

compat.apply()  # before anything that imports mmdet

from . import pipelines  # noqa: F401  (registers the transforms)
from .coco_video_dataset import CocoVideoDataset
from .youtube_vis import YouTubeVISDataset

__all__ = ['CocoVideoDataset', 'YouTubeVISDataset']
