"""The layout of KITTI-STEP."""

from pathlib import Path
from typing import Iterable

import numpy as np

from knet.utils.io import PathLike, write_png_atomic

from .base import Video


def write_kitti_step(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write ``ROOT/video_sequence/<split>/SSSSSS_FFFFFF_{leftImg8bit,panoptic}.png``.

    The panoptic PNG holds the class in R and the track id in 256 * G + B.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        videos: Pairs of video id and frames.
    """
    folder = Path(root) / 'video_sequence' / split
    folder.mkdir(parents=True, exist_ok=True)
    for video, frames in videos:
        for number, frame in enumerate(frames):
            stem = folder / f'{video:06d}_{number:06d}'
            panoptic = np.stack([frame.semantic, frame.instance >> 8, frame.instance & 255], axis=-1)
            write_png_atomic(f'{stem}_leftImg8bit.png', frame.image)
            write_png_atomic(f'{stem}_panoptic.png', panoptic.astype(np.uint8))
