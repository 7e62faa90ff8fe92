"""Toy videos in the layout of VSPW."""

from typing import Iterable, List

import numpy as np

from knet.labels import VSPW_TOY, LabelSpace
from knet.layouts.files import write_video_list
from knet.layouts.vspw import encode_classes, image_folder, mask_folder
from knet.utils.io import PathLike, write_jpeg_atomic, write_png_atomic

from .base import Video

#: Train id of the toy street -> the class of VSPW that comes closest.
CLASS_NAMES = {0: 'road', 1: 'path', 2: 'building', 8: 'tree', 9: 'grass', 10: 'sky', 11: 'person', 13: 'car'}


def _class_table(space: LabelSpace) -> np.ndarray:
    """Return the class of every train id, (256,) uint8; void for train ids that the street does not have."""
    table = np.full(256, space.void, dtype=np.uint8)
    ids = {info.name: info.dataset_id for info in space.classes}
    for train_id, name in CLASS_NAMES.items():
        table[train_id] = ids[name]
    return table


def write_vspw(root: PathLike, split: str, videos: Iterable[Video], space: LabelSpace = VSPW_TOY) -> None:
    """Write images, masks and the list of videos, see :mod:`knet.layouts.vspw`.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        videos: Pairs of video id and frames.
        space: The classes, which need the names of VSPW.
    """
    table = _class_table(space)
    names: List[str] = []
    for video, frames in videos:
        names.append(f'{video:04d}_toystreet')
        for number, frame in enumerate(frames, 1):
            write_jpeg_atomic(image_folder(root, names[-1]) / f'{number:08d}.jpg', frame.image)
            mask = encode_classes(table[frame.semantic])
            write_png_atomic(mask_folder(root, names[-1]) / f'{number:08d}.png', mask)
    write_video_list(root, split, names)
