"""Toy videos in the layout of VIPSeg."""

from typing import Dict, Iterable, List

import numpy as np

from knet.labels import VIPSEG
from knet.layouts.files import write_video_list
from knet.layouts.vipseg import MAX_INSTANCES, encode_vipseg, image_folder, mask_folder
from knet.toy.street import ToyFrame
from knet.utils.io import PathLike, write_jpeg_atomic, write_png_atomic

from .base import Video, class_table

_CLASSES = class_table(VIPSEG, {'sidewalk': 'path', 'vegetation': 'tree', 'terrain': 'grass'})


def write_vipseg(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write images, label maps and the list of videos, see :mod:`knet.layouts.vipseg`.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        videos: Pairs of video id and frames.

    Raises:
        ValueError: If a video shows more than 100 things.
    """
    names: List[str] = []
    for video, frames in videos:
        names.append(f'{video}_toystreet')
        numbers: Dict[int, int] = {}
        for number, frame in enumerate(frames):
            write_jpeg_atomic(image_folder(root, names[-1]) / f'{number:08d}.jpg', frame.image)
            write_png_atomic(mask_folder(root, names[-1]) / f'{number:08d}.png', _encode(frame, numbers))
    write_video_list(root, split, names)


def _encode(frame: ToyFrame, numbers: Dict[int, int]) -> np.ndarray:
    """Return (H, W) uint16 pixel values; ``numbers`` gives every track id of the video its number, from 1."""
    for track in np.flatnonzero(np.bincount(frame.instance.ravel())).tolist():
        if track:
            numbers.setdefault(track, len(numbers) + 1)
    if len(numbers) > MAX_INSTANCES:
        raise ValueError(f'a VIPSeg video has at most {MAX_INSTANCES} things, this one has more; make it shorter')
    instances = np.zeros(1 << 16, dtype=np.int64)
    instances[list(numbers)] = list(numbers.values())
    return encode_vipseg(_CLASSES[frame.semantic], instances[frame.instance])
