"""Toy videos in the layouts of Cityscapes."""

from pathlib import Path
from typing import Any, Dict, Iterable, List, Tuple

import cv2
import numpy as np

from knet.labels.cityscapes_ids import LABELS
from knet.layouts.cityscapes import (
    IMAGE,
    INSTANCE_IDS,
    POLYGONS,
    TRAIN_IDS,
    class_of,
    encode_instances,
    image_folder,
    label_folder,
)
from knet.toy.street import VOID_ID
from knet.utils.io import PathLike, write_json_atomic, write_png_atomic

from .base import Video


def _prepare(root: PathLike, split: str) -> Tuple[str, Path, Path]:
    """Make the folders of a split; return the city, the folder of its images and that of its labels."""
    root, city = Path(root), 'toystreet'
    images, labels = Path(image_folder(root, split), city), Path(label_folder(root, split), city)
    for folder in (images, labels):
        folder.mkdir(parents=True, exist_ok=True)
    (root / 'license.txt').write_text('Generated pictures of a toy street; free to use for any purpose.\n')
    return city, images, labels


def write_cityscapes_step(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write images and label maps in train ids, see :mod:`knet.layouts.cityscapes`.

    The number of an instance is its track id.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        videos: Pairs of video id and frames.
    """
    city, images, labels = _prepare(root, split)
    for video, frames in videos:
        for number, frame in enumerate(frames):
            stem = f'{city}_{video:06d}_{number:06d}'
            # Numbers in the files count from 0, instances of an id map from 1.
            instance = np.where(frame.instance > 0, frame.instance + 1, 0)
            write_png_atomic(images / f'{stem}{IMAGE}', frame.image)
            maps = frame.semantic, encode_instances(frame.semantic, instance)
            for ending, pixels in zip(TRAIN_IDS, maps):
                write_png_atomic(labels / f'{stem}{ending}', pixels)


def write_cityscapes_panoptic(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write Cityscapes as it is downloaded, to be converted by the tools that convert Cityscapes.

    Images, maps of instances in label ids, and polygons, outlines of the same regions; see
    :mod:`knet.layouts.cityscapes`.

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
            tracks = np.unique(np.append(frame.instance, 0))
            regions = encode_instances(label_ids[frame.semantic], np.searchsorted(tracks, frame.instance))
            write_png_atomic(images / f'{stem}{IMAGE}', frame.image)
            write_png_atomic(labels / f'{stem}{INSTANCE_IDS}', regions)
            height, width = regions.shape
            write_json_atomic(
                labels / f'{stem}{POLYGONS}',
                dict(imgHeight=height, imgWidth=width, objects=_outlines(regions)),
                indent=None,
            )


def _outlines(regions: np.ndarray) -> List[Dict[str, Any]]:
    """Return Cityscapes objects that give ``regions`` when painted in order; parts of an instance become instances."""
    names = {label.id: label.name for label in LABELS}
    objects = []
    for value in np.unique(regions).tolist():
        label_id = class_of(value)
        is_group = value == label_id and label_id in (24, 26)
        name = names[label_id] + ('group' if is_group else '')
        contours = cv2.findContours((regions == value).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
        objects += [
            (cv2.contourArea(contour), dict(label=name, polygon=contour[:, 0].tolist()))
            for contour in contours
            if len(contour) > 2
        ]
    # What lies inside of another region is painted after it.
    return [item for _, item in sorted(objects, key=lambda pair: -pair[0])]
