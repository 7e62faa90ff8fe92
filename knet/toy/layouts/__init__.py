"""Toy videos on disk, in the layouts of the real data sets.

A layout is one function ``write(root, split, videos)``; add it to :data:`LAYOUTS` and the command line offers it.
"""

from typing import Callable, Dict, Iterable

from knet.utils.io import PathLike

from .base import Video
from .cityscapes import write_cityscapes_panoptic, write_cityscapes_step
from .cityscapes_vps import write_cityscapes_vps
from .coco import write_coco
from .kitti_step import write_kitti_step
from .semantic_kitti import write_semantic_kitti
from .vipseg import write_vipseg
from .vspw import write_vspw
from .youtube_vis import write_youtube_vis

LAYOUTS: Dict[str, Callable[[PathLike, str, Iterable[Video]], None]] = {
    'kitti-step': write_kitti_step,
    'cityscapes-step': write_cityscapes_step,
    'cityscapes-panoptic': write_cityscapes_panoptic,
    'cityscapes-vps': write_cityscapes_vps,
    'coco': write_coco,
    'semantic-kitti': write_semantic_kitti,
    'vipseg': write_vipseg,
    'vspw': write_vspw,
    'youtube-vis': write_youtube_vis,
}

__all__ = [
    'LAYOUTS',
    'Video',
    'write_cityscapes_panoptic',
    'write_cityscapes_step',
    'write_cityscapes_vps',
    'write_coco',
    'write_kitti_step',
    'write_semantic_kitti',
    'write_vipseg',
    'write_vspw',
    'write_youtube_vis',
]
