"""The layout of VIPSeg."""

from pathlib import Path
from typing import Dict, Iterable

import numpy as np

from knet.labels import VIPSEG
from knet.labels.vipseg import VIPSEG_CATEGORIES
from knet.toy.street import ToyFrame
from knet.utils.io import PathLike, write_jpeg_atomic, write_png_atomic

from .base import Video, class_table

_RENAMED = {'sidewalk': 'path', 'vegetation': 'tree', 'terrain': 'grass'}
_INSTANCES = 100


def write_vipseg(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write ``ROOT/{images,panomasks}/<video>/NNNNNNNN.{jpg,png}`` and ``ROOT/<split>.txt``.

    Label maps are 16-bit: ``category + 1`` for stuff, ``(category + 1) * 100 +
    instance`` for things, 0 for void and for crowds, which VIPSeg doesn't know.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        videos: Pairs of video id and frames.

    Raises:
        ValueError: If a video shows more than 100 things.
    """
    root, names = Path(root), []
    root.mkdir(parents=True, exist_ok=True)
    for video, frames in videos:
        names.append(f'{video}_toystreet')
        numbers: Dict[int, int] = {}
        for number, frame in enumerate(frames):
            write_jpeg_atomic(root / 'images' / names[-1] / f'{number:08d}.jpg', frame.image)
            write_png_atomic(root / 'panomasks' / names[-1] / f'{number:08d}.png', _encode(frame, numbers))
    (root / f'{split}.txt').write_text(''.join(f'{name}\n' for name in names))


def _encode(frame: ToyFrame, numbers: Dict[int, int]) -> np.ndarray:
    """(H, W) uint16 pixel values; ``numbers`` gives every track id its instance number."""
    category = {name: i for i, (name, _, _) in enumerate(VIPSEG_CATEGORIES)}
    values = np.zeros(256, dtype=np.int64)
    for info in VIPSEG.classes:
        values[info.dataset_id] = (category[info.name] + 1) * (_INSTANCES if info.is_thing else 1)
    semantic = class_table(VIPSEG, _RENAMED)[frame.semantic]
    for track in np.flatnonzero(np.bincount(frame.instance.ravel())).tolist():
        if track:
            numbers.setdefault(track, len(numbers))
    if len(numbers) > _INSTANCES:
        raise ValueError(f'a VIPSeg video has at most {_INSTANCES} things, this one has more; make it shorter')
    instances = np.zeros(1 << 16, dtype=np.int64)
    instances[list(numbers)] = list(numbers.values())
    is_crowd = np.isin(semantic, VIPSEG.thing_ids) & (frame.instance == 0)
    return np.where(is_crowd, 0, values[semantic] + instances[frame.instance]).astype(np.uint16)
