"""The layout of COCO: instances, panoptic maps and maps of stuff under one root."""
from pathlib import Path
from typing import Any, Dict, Iterable, List, Tuple

import cv2
import numpy as np

from knet.datasets.coco_format import encode_mask, ids_to_rgb
from knet.datasets.toy.street import VOID_ID, ToyFrame
from knet.labels import COCO_PANOPTIC, KITTI_STEP
from knet.utils.io import PathLike, write_bytes_atomic, write_json_atomic, write_png_atomic

from .base import Video

#: What COCO calls the classes of the street, where the names differ.
COCO_NAMES = {
    'sidewalk': 'pavement-merged', 'building': 'building-other-merged', 'vegetation': 'tree-merged',
    'terrain': 'grass-merged', 'sky': 'sky-other-merged'}
_FRAMES_PER_VIDEO = 1000


def _coco_ids() -> Dict[int, int]:
    """COCO category id by train id."""
    by_name = {info.name: info.dataset_id for info in COCO_PANOPTIC.classes}
    named = ((info.dataset_id, COCO_NAMES.get(info.name, info.name)) for info in KITTI_STEP.classes)
    return {train_id: by_name[name] for train_id, name in named if name in by_name}


def _categories(things_only: bool) -> List[Dict[str, Any]]:
    return [dict(id=info.dataset_id, name=info.name, isthing=int(info.is_thing), supercategory=info.name,
                 color=list(info.colour)) for info in COCO_PANOPTIC.classes if info.is_thing or not things_only]


def segments_of(frame: ToyFrame, category_ids: Dict[int, int]) -> Tuple[np.ndarray, List[Dict[str, Any]]]:
    """Panoptic annotation of a frame in COCO's form.

    Args:
        frame: Train ids and track ids.
        category_ids: Category id of every train id.

    Returns:
        (H, W) int32 segment ids, 1000 * train id + track id + 1, 0 for void,
        and the segments; things without a track are crowds.
    """
    ids = np.where(frame.semantic == VOID_ID, 0, frame.semantic.astype(np.int32) * 1000 + frame.instance + 1)
    segments = []
    for value in np.unique(ids[ids > 0]).tolist():
        train_id, track = divmod(value - 1, 1000)
        mask = ids == value
        x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
        is_thing = KITTI_STEP.model_classes[train_id] < KITTI_STEP.num_things
        segments.append(dict(id=value, category_id=category_ids[train_id], area=int(mask.sum()),
                             bbox=[x, y, width, height], iscrowd=int(is_thing and track == 0)))
    return ids.astype(np.int32), segments


def write_coco(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write the COCO layout, every frame an image of its own.

    ``ROOT/{<split>2017, panoptic_<split>2017, annotations/instances_<split>2017.json,
    annotations/panoptic_<split>2017.json}``. Maps of stuff are made from them,
    by ``tools/dataset/coco_panoptic_stuff.py`` as for COCO.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        videos: Pairs of video id and frames.
    """
    root, name, category_ids = Path(root), f'{split}2017', _coco_ids()
    things = {info.dataset_id for info in COCO_PANOPTIC.things}
    images: List[Dict[str, Any]] = []
    instances: List[Dict[str, Any]] = []
    panoptic: List[Dict[str, Any]] = []
    for video, frames in videos:
        for number, frame in enumerate(frames):
            image_id = video * _FRAMES_PER_VIDEO + number
            height, width = frame.semantic.shape
            ids, segments = segments_of(frame, category_ids)
            jpeg = cv2.imencode('.jpg', np.ascontiguousarray(frame.image[..., ::-1]))[1].tobytes()
            write_bytes_atomic(root / name / f'{image_id:012d}.jpg', jpeg)
            write_png_atomic(root / f'panoptic_{name}' / f'{image_id:012d}.png', ids_to_rgb(ids))
            images.append(dict(id=image_id, file_name=f'{image_id:012d}.jpg', height=height, width=width))
            panoptic.append(dict(image_id=image_id, file_name=f'{image_id:012d}.png', segments_info=segments))
            for segment in segments:
                if segment['category_id'] in things:
                    instances.append(dict(segment, id=len(instances) + 1, image_id=image_id,
                                          segmentation=encode_mask(ids == segment['id'])))
    for kind, annotations in (('instances', instances), ('panoptic', panoptic)):
        write_json_atomic(root / 'annotations' / f'{kind}_{name}.json', dict(
            images=images, annotations=annotations, categories=_categories(kind == 'instances')), indent=None)
