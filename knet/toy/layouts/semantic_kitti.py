"""The layout of SemanticKITTI-DVPS, without depth."""

from pathlib import Path
from typing import Iterable

import numpy as np

from knet.labels import SEMANTIC_KITTI
from knet.utils.io import PathLike, write_png_atomic

from .base import Video, class_table


def write_semantic_kitti(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write ``ROOT/video_sequence/<split>/SSSSSS_FFFFFF_{leftImg8bit,gtFine_class,gtFine_instance}.png``.

    The sky is void: no laser beam comes back from it.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        videos: Pairs of video id and frames.
    """
    table = class_table(SEMANTIC_KITTI, {})
    folder = Path(root) / 'video_sequence' / split
    folder.mkdir(parents=True, exist_ok=True)
    for video, frames in videos:
        for number, frame in enumerate(frames):
            stem = folder / f'{video:06d}_{number:06d}'
            write_png_atomic(f'{stem}_leftImg8bit.png', frame.image)
            write_png_atomic(f'{stem}_gtFine_class.png', table[frame.semantic])
            write_png_atomic(f'{stem}_gtFine_instance.png', frame.instance.astype(np.uint16))
