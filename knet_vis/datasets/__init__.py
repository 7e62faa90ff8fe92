"""Data sets of video instance segmentation."""

from . import pipelines  # noqa: F401  (registers the transforms)
from .coco_video_dataset import CocoVideoDataset
from .youtube_vis import YouTubeVISDataset

__all__ = ['CocoVideoDataset', 'YouTubeVISDataset']
