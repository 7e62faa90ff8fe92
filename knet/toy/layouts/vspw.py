"""The layout of VSPW."""

from pathlib import Path
from typing import Iterable

import numpy as np

from knet.labels import VSPW_TOY
from knet.utils.io import PathLike, write_jpeg_atomic, write_png_atomic

from .base import Video

#: Train id of the toy street -> the class of VSPW that comes closest.
CLASS_NAMES = {0: 'road', 1: 'path', 2: 'building', 8: 'tree', 9: 'grass', 10: 'sky', 11: 'person', 13: 'car'}


def _mask_table() -> np.ndarray:
    """(256,) uint8, mask value of every train id: class + 1; void stays 255."""
    table = np.full(256, 255, dtype=np.uint8)
    ids = {info.name: info.dataset_id for info in VSPW_TOY.classes}
    for train_id, name in CLASS_NAMES.items():
        table[train_id] = ids[name] + 1
    return table


def write_vspw(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write ``ROOT/<split>.txt`` and ``ROOT/data/<video>/{origin/FFFFFFFF.jpg,mask/FFFFFFFF.png}``.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        videos: Pairs of video id and frames.
    """
    root, table, names = Path(root), _mask_table(), []
    root.mkdir(parents=True, exist_ok=True)
    for video, frames in videos:
        names.append(f'{video:04d}_toystreet')
        folder = root / 'data' / names[-1]
        for number, frame in enumerate(frames, 1):
            write_jpeg_atomic(folder / 'origin' / f'{number:08d}.jpg', frame.image)
            write_png_atomic(folder / 'mask' / f'{number:08d}.png', table[frame.semantic])
    (root / f'{split}.txt').write_text(''.join(f'{name}\n' for name in names))
