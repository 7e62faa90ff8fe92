"""Toy videos in the layout of YouTube-VIS as it is downloaded."""

from typing import Any, Dict, Iterable, List

import cv2
import numpy as np
from pycocotools import mask as mask_api

from knet.labels import YOUTUBE_VIS_2019
from knet.layouts.coco import encode_mask
from knet.layouts.youtube_vis import image_folder, official_file
from knet.toy.street import CAR_ID, PERSON_ID, ToyFrame
from knet.utils.io import PathLike, write_bytes_atomic, write_json_atomic

from .base import Video

_NAMES = {PERSON_ID: 'person', CAR_ID: 'sedan'}
#: Like YouTube-VIS, only what is large enough to be looked at is annotated: part of the frame in the best view.
LEAST_SHARE = 0.01
#: Frames of YouTube-VIS are every fifth of a clip, and so are their names.
_STEP = 5


def _tracks(frames: List[ToyFrame]) -> List[Dict[str, Any]]:
    """Return category, boxes, areas and run lengths of everything that is large enough."""
    ids = {info.name: info.dataset_id for info in YOUTUBE_VIS_2019.things}
    keys = np.stack([frame.semantic.astype(np.int64) * 1000 + frame.instance for frame in frames])
    things = np.isin(keys // 1000, list(_NAMES)) & (keys % 1000 > 0)
    tracks = []
    for key in np.unique(keys[things]).tolist():
        masks = keys == key
        areas = masks.sum((1, 2))
        if areas.max() < LEAST_SHARE * masks[0].size:
            continue
        shown = [bool(area) for area in areas]
        tracks.append(
            dict(
                category_id=ids[_NAMES[key // 1000]],
                iscrowd=0,
                height=masks.shape[1],
                width=masks.shape[2],
                length=len(frames),
                segmentations=[_counts(mask) if show else None for mask, show in zip(masks, shown)],
                bboxes=[_box(mask) if show else None for mask, show in zip(masks, shown)],
                areas=[int(area) if show else None for area, show in zip(areas, shown)],
            )
        )
    return tracks


def _box(mask: np.ndarray) -> List[float]:
    """Return left, top, width and height of an (H, W) bool mask."""
    return mask_api.toBbox(encode_mask(mask)).tolist()


def _counts(mask: np.ndarray) -> Dict[str, Any]:
    """Return uncompressed run lengths, column by column, background first."""
    edges = np.flatnonzero(np.diff(mask.T.reshape(-1), prepend=False, append=False))
    counts = np.diff(edges, prepend=0, append=mask.size)
    # A mask that reaches the last pixel ends with its own run.
    return dict(counts=counts[: len(counts) - (counts[-1] == 0)].tolist(), size=list(mask.shape))


def write_youtube_vis(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write frames and the official json of 2019, see :mod:`knet.layouts.youtube_vis`.

    Both splits have ground truth. The categories are the 40 of YouTube-VIS 2019, of which the street has person and
    sedan. ``tools/dataset/youtubevis2coco.py`` converts it as it converts YouTube-VIS.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``; the latter is called ``valid``.
        videos: Pairs of video id and frames.
    """
    subset = {'val': 'valid'}.get(split, split)
    data: Dict[str, Any] = dict(
        info=dict(description='toy street'),
        licenses=[],
        videos=[],
        annotations=[],
        categories=[
            dict(id=info.dataset_id, name=info.name, supercategory='object') for info in YOUTUBE_VIS_2019.things
        ],
    )
    for video, stream in videos:
        frames = list(stream)
        names = [f'{video:010x}/{number * _STEP:05d}.jpg' for number in range(len(frames))]
        for name, frame in zip(names, frames):
            jpeg = cv2.imencode('.jpg', np.ascontiguousarray(frame.image[..., ::-1]))[1].tobytes()
            write_bytes_atomic(f'{image_folder(root, subset)}/{name}', jpeg)
        height, width = frames[0].semantic.shape
        data['videos'].append(dict(id=video + 1, height=height, width=width, length=len(frames), file_names=names))
        for track in _tracks(frames):
            data['annotations'].append(dict(track, id=len(data['annotations']) + 1, video_id=video + 1))
    write_json_atomic(official_file(root, '2019', subset), data, indent=None)
