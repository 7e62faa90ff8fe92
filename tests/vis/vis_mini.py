"""Small videos with tracks that tests can compute by hand."""

import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from knet.labels import YOUTUBE_VIS_2019
from knet.layouts.coco import encode_mask

SIZE = (48, 64)
PERSON, SEDAN = 1, 6
Box = Optional[Tuple[int, int, int, int]]  # y0, x0, y1, x1; None = not visible


def mask_of(box: Box, size: Tuple[int, int] = SIZE) -> np.ndarray:
    """Return the mask (H, W) bool of a box."""
    mask = np.zeros(size, dtype=bool)
    if box is not None:
        mask[box[0] : box[2], box[1] : box[3]] = True
    return mask


def rles(boxes: Sequence[Box], size: Tuple[int, int] = SIZE) -> List[Any]:
    """Return the run lengths of a track per frame, None where it is not visible."""
    return [None if box is None else encode_mask(mask_of(box, size)) for box in boxes]


def categories() -> List[Dict[str, Any]]:
    return [dict(id=info.dataset_id, name=info.name) for info in YOUTUBE_VIS_2019.things]


#: By video id: (category, boxes per frame) of every track.
TRACKS: Dict[int, List[Tuple[int, List[Box]]]] = {
    3: [
        (PERSON, [(4, 4, 24, 14), (4, 8, 24, 18), None]),
        (SEDAN, [(20, 30, 40, 60), (20, 28, 40, 58), (20, 26, 40, 56)]),
    ],
    8: [(SEDAN, [(10, 10, 30, 40)])],
    9: [],
}
LENGTHS = {3: 3, 8: 1, 9: 6}


def uncompressed(mask: np.ndarray) -> Dict[str, Any]:
    """Return run lengths as a list, the form of the official files."""
    flat = np.concatenate([[0], mask.T.reshape(-1).astype(np.int8), [2]])
    edges = np.flatnonzero(np.diff(flat))
    counts = np.diff(np.concatenate([[0], edges])).tolist()
    return dict(counts=counts, size=list(mask.shape))


def official(annotated: bool = True) -> Dict[str, Any]:
    """Return the content of the official json."""
    videos = [
        dict(
            id=v,
            height=SIZE[0],
            width=SIZE[1],
            length=length,
            file_names=[f'v{v:02d}/{i * 5:05d}.jpg' for i in range(length)],
        )
        for v, length in LENGTHS.items()
    ]
    data: Dict[str, Any] = dict(info={}, licenses=[], videos=videos, categories=categories())
    if not annotated:
        return data
    data['annotations'] = []
    for video, tracks in TRACKS.items():
        for category, boxes in tracks:
            data['annotations'].append(
                dict(
                    id=len(data['annotations']) + 1,
                    video_id=video,
                    category_id=category,
                    iscrowd=0,
                    height=SIZE[0],
                    width=SIZE[1],
                    length=LENGTHS[video],
                    segmentations=[None if b is None else uncompressed(mask_of(b)) for b in boxes],
                    bboxes=[None if b is None else [b[1], b[0], b[3] - b[1], b[2] - b[0]] for b in boxes],
                    areas=[None if b is None else (b[2] - b[0]) * (b[3] - b[1]) for b in boxes],
                )
            )
    return data


def perfect(score: float = 0.9) -> List[Dict[str, Any]]:
    """Return the ground truth as results."""
    return [
        dict(video_id=video, score=score, category_id=category, segmentations=rles(boxes))
        for video, tracks in TRACKS.items()
        for category, boxes in tracks
    ]


def write_official(root: Path, annotated_val: bool = True) -> Path:
    """Write train.json, valid.json and the frames as they are downloaded."""
    root.mkdir(parents=True, exist_ok=True)
    rng = np.random.RandomState(0)
    for split, annotated in (('train', True), ('valid', annotated_val)):
        data = official(annotated)
        (root / f'{split}.json').write_text(json.dumps(data))
        for video in data['videos']:
            for name in video['file_names']:
                path = root / split / 'JPEGImages' / name
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), rng.randint(0, 256, (*SIZE, 3), dtype=np.uint8))
    return root
