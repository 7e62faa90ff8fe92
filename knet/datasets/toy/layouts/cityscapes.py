"""The layouts of Cityscapes."""
from pathlib import Path
from typing import Iterable

import numpy as np

from knet.datasets.toy.street import CAR_ID, PERSON_ID, VOID_ID
from knet.utils.io import PathLike, write_png_atomic

from .base import Video


def write_cityscapes_step(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write the Cityscapes layout with train-id label maps.

    ``ROOT/{license.txt, leftImg8bit/<split>/toystreet, gtFine/<split>/toystreet}``;
    instanceTrainIds hold ``1000 * class + track id`` for persons and cars and
    the bare class for stuff, crowd and void.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        videos: Pairs of video id and frames.
    """
    root, city = Path(root), 'toystreet'
    root.mkdir(parents=True, exist_ok=True)
    (root / 'license.txt').write_text('Generated pictures of a toy street; free to use for any purpose.\n')
    images, labels = root / 'leftImg8bit' / split / city, root / 'gtFine' / split / city
    images.mkdir(parents=True, exist_ok=True)
    labels.mkdir(parents=True, exist_ok=True)
    for video, frames in videos:
        for number, frame in enumerate(frames):
            stem = f'{city}_{video:06d}_{number:06d}'
            things = np.isin(frame.semantic, (PERSON_ID, CAR_ID)) & (frame.instance > 0)
            semantic = frame.semantic.astype(np.int32)
            instance = np.where(things, semantic * 1000 + frame.instance, semantic).astype(np.uint16)
            instance[frame.semantic == VOID_ID] = VOID_ID
            write_png_atomic(images / f'{stem}_leftImg8bit.png', frame.image)
            write_png_atomic(labels / f'{stem}_gtFine_labelTrainIds.png', frame.semantic)
            write_png_atomic(labels / f'{stem}_gtFine_instanceTrainIds.png', instance)
