"""The layouts of Cityscapes."""

from pathlib import Path
from typing import Any, Dict, Iterable, List, Tuple

import cv2
import numpy as np

from knet.labels.cityscapes_ids import LABELS
from knet.toy.street import CAR_ID, PERSON_ID, VOID_ID
from knet.utils.io import PathLike, write_json_atomic, write_png_atomic

from .base import Video


def _prepare(root: PathLike, split: str) -> Tuple[str, Path, Path]:
    """Make the folders of a split; returns the city, the folder of its images and that of its labels."""
    root, city = Path(root), 'toystreet'
    images, labels = root / 'leftImg8bit' / split / city, root / 'gtFine' / split / city
    for folder in (images, labels):
        folder.mkdir(parents=True, exist_ok=True)
    (root / 'license.txt').write_text('Generated pictures of a toy street; free to use for any purpose.\n')
    return city, images, labels


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
    city, images, labels = _prepare(root, split)
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


def write_cityscapes_panoptic(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write Cityscapes as it is downloaded, to be converted by the tools that convert Cityscapes.

    ``ROOT/{license.txt, leftImg8bit/<split>/toystreet, gtFine/<split>/toystreet}``
    with ``*_gtFine_instanceIds.png`` (the label id, or 1000 * label id + k for
    instance k) and ``*_gtFine_polygons.json``, outlines of the same regions.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        videos: Pairs of video id and frames.
    """
    city, images, labels = _prepare(root, split)
    label_ids = np.zeros(256, dtype=np.int32)
    for label in LABELS:
        if 0 <= label.train_id < VOID_ID:
            label_ids[label.train_id] = label.id
    for video, frames in videos:
        for number, frame in enumerate(frames):
            stem = f'{city}_{video:06d}_{number:06d}'
            regions = label_ids[frame.semantic]
            for k, track in enumerate(np.unique(frame.instance[frame.instance > 0])):
                mask = frame.instance == track
                regions[mask] = regions[mask] * 1000 + k
            write_png_atomic(images / f'{stem}_leftImg8bit.png', frame.image)
            write_png_atomic(labels / f'{stem}_gtFine_instanceIds.png', regions.astype(np.uint16))
            height, width = regions.shape
            write_json_atomic(
                labels / f'{stem}_gtFine_polygons.json',
                dict(imgHeight=height, imgWidth=width, objects=_outlines(regions)),
                indent=None,
            )


def _outlines(regions: np.ndarray) -> List[Dict[str, Any]]:
    """Cityscapes objects that give ``regions`` when painted in order; parts of an instance become instances."""
    names = {label.id: label.name for label in LABELS}
    objects = []
    for value in np.unique(regions).tolist():
        label_id = value // 1000 if value >= 1000 else value
        is_group = value < 1000 and label_id in (24, 26)
        name = names[label_id] + ('group' if is_group else '')
        contours = cv2.findContours((regions == value).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
        objects += [
            (cv2.contourArea(contour), dict(label=name, polygon=contour[:, 0].tolist()))
            for contour in contours
            if len(contour) > 2
        ]
    # What lies inside of another region is painted after it.
    return [item for _, item in sorted(objects, key=lambda pair: -pair[0])]
