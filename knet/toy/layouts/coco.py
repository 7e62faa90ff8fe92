"""Toy videos in the layout of COCO: instances and panoptic maps under one root."""

from pathlib import Path
from typing import Any, Dict, Iterable, List

import cv2
import numpy as np

from knet.labels import COCO_PANOPTIC
from knet.layouts.coco import encode_mask, json_file, panoptic_folder, rgb_to_ids
from knet.layouts.segments import encode_segments
from knet.utils.io import PathLike, write_jpeg_atomic, write_json_atomic, write_png_atomic

from .base import Video, class_table

#: What COCO calls the classes of the street, where the names differ.
COCO_NAMES = {
    'sidewalk': 'pavement-merged',
    'building': 'building-other-merged',
    'vegetation': 'tree-merged',
    'terrain': 'grass-merged',
    'sky': 'sky-other-merged',
}
_FRAMES_PER_VIDEO = 1000


def _categories(things_only: bool) -> List[Dict[str, Any]]:
    return [
        dict(
            id=info.dataset_id,
            name=info.name,
            isthing=int(info.is_thing),
            supercategory=info.name,
            color=list(info.colour),
        )
        for info in COCO_PANOPTIC.classes
        if info.is_thing or not things_only
    ]


def write_coco(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write every frame as an image of its own, see :mod:`knet.layouts.coco`.

    ``tools/dataset/coco_panoptic_stuff.py`` makes the maps of stuff, as for COCO.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        videos: Pairs of video id and frames.
    """
    root, name, classes = Path(root), f'{split}2017', class_table(COCO_PANOPTIC, COCO_NAMES)
    images: List[Dict[str, Any]] = []
    instances: List[Dict[str, Any]] = []
    panoptic: List[Dict[str, Any]] = []
    for video, frames in videos:
        for number, frame in enumerate(frames):
            image_id = video * _FRAMES_PER_VIDEO + number
            height, width = frame.semantic.shape
            rgb, segments = encode_segments(classes[frame.semantic], frame.instance, COCO_PANOPTIC, crowd=True)
            write_jpeg_atomic(root / name / f'{image_id:012d}.jpg', frame.image)
            write_png_atomic(f'{panoptic_folder(root, name)}/{image_id:012d}.png', rgb)
            images.append(dict(id=image_id, file_name=f'{image_id:012d}.jpg', height=height, width=width))
            panoptic.append(dict(image_id=image_id, file_name=f'{image_id:012d}.png', segments_info=segments))
            ids = rgb_to_ids(rgb)
            for segment in segments:
                if segment['category_id'] in COCO_PANOPTIC.thing_ids:
                    mask = (ids == segment['id']).astype(np.uint8)
                    instances.append(
                        dict(
                            segment,
                            id=len(instances) + 1,
                            image_id=image_id,
                            bbox=list(cv2.boundingRect(mask)),
                            segmentation=encode_mask(mask),
                        )
                    )
    for kind, annotations in (('instances', instances), ('panoptic', panoptic)):
        write_json_atomic(
            json_file(root, kind, name),
            dict(images=images, annotations=annotations, categories=_categories(kind == 'instances')),
            indent=None,
        )
