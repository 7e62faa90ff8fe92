"""Ground truth of video instance segmentation: tracks as run lengths per frame."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from pycocotools import mask as mask_api

from knet.utils.io import PathLike

Rle = Dict[str, Any]
#: ``category_id``, ``iscrowd`` and ``segmentations``, one run-length code or None per frame.
Track = Dict[str, Any]


@dataclass
class VisGroundTruth:
    """The tracks of a split.

    Attributes:
        videos: By video id: number of frames, and (height, width).
        tracks: By video id.
        categories: Names by category id.
        name: How messages call it.
    """

    videos: Dict[int, Tuple[int, Tuple[int, int]]]
    tracks: Dict[int, List[Track]]
    categories: Dict[int, str]
    name: str


def read_ground_truth(path: PathLike, annotated: bool = True) -> VisGroundTruth:
    """Read annotations with their tracks.

    Args:
        path: The official json (per track ``segmentations``) or what
            ``tools/dataset/youtubevis2coco.py`` made of it (per frame).
        annotated: Whether annotations are needed; without, only the videos and
            categories are of use.

    Returns:
        The tracks.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, or has no annotations.
    """
    try:
        with open(path, encoding='utf-8') as file:
            data = json.load(file)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise FileNotFoundError(f'{path}: no such annotation file') from error
    except ValueError as error:
        raise ValueError(f'{path}: damaged json ({error}). Unpack or make it again.') from error
    if not isinstance(data, dict) or not all(isinstance(data.get(key), list) for key in ('videos', 'categories')):
        raise ValueError(f'{path}: no lists "videos" and "categories" in it; give the json of YouTube-VIS.')
    data['annotations'] = data.get('annotations') or []
    if annotated and not data['annotations']:
        raise ValueError(f'{path} has no annotations to compare with; only the server can score this split.')
    videos, tracks = (_per_frame if 'images' in data else _per_track)(data, str(path))
    return VisGroundTruth(videos, tracks, {entry['id']: entry['name'] for entry in data['categories']}, str(path))


def as_rle(code: Optional[Rle], size: Tuple[int, int]) -> Optional[Rle]:
    """A run-length code as pycocotools wants it; None stays None."""
    if code is None:
        return None
    if isinstance(code, list):
        return mask_api.merge(mask_api.frPyObjects(code, *size))
    if isinstance(code['counts'], list):
        return mask_api.frPyObjects(code, *code['size'])
    return code


def _per_track(data: Dict[str, Any], path: str) -> Tuple[Dict, Dict]:
    videos = {}
    for video in data['videos']:
        length = video.get('length', len(video['file_names']))
        videos[video['id']] = length, (video['height'], video['width'])
    tracks: Dict[int, List[Track]] = {video: [] for video in videos}
    for ann in data['annotations']:
        length, size = _known(videos, ann, path)
        if len(ann['segmentations']) != length:
            raise ValueError(
                f'{path}: annotation {ann["id"]} has {len(ann["segmentations"])} masks, its video '
                f'{ann["video_id"]} {length} frames.'
            )
        masks = [as_rle(code, size) for code in ann['segmentations']]
        tracks[ann['video_id']].append(
            dict(category_id=ann['category_id'], iscrowd=ann.get('iscrowd', 0), segmentations=masks)
        )
    return videos, tracks


def _per_frame(data: Dict[str, Any], path: str) -> Tuple[Dict, Dict]:
    lengths = Counter(image['video_id'] for image in data['images'])
    images = {image['id']: image for image in data['images']}
    videos = {
        image['video_id']: (lengths[image['video_id']], (image['height'], image['width'])) for image in data['images']
    }
    found: Dict[int, Dict[int, Track]] = {video: {} for video in videos}
    for ann in data['annotations']:
        length, size = _known(videos, ann, path)
        track = found[ann['video_id']].setdefault(
            ann['instance_id'],
            dict(category_id=ann['category_id'], iscrowd=ann.get('iscrowd', 0), segmentations=[None] * length),
        )
        track['segmentations'][images[ann['image_id']]['frame_id']] = as_rle(ann['segmentation'], size)
    return videos, {video: list(tracks.values()) for video, tracks in found.items()}


def _known(videos: Dict[int, Any], ann: Dict[str, Any], path: str) -> Any:
    if ann['video_id'] not in videos:
        raise ValueError(f'{path}: annotation {ann["id"]} belongs to video {ann["video_id"]}, which is not listed.')
    return videos[ann['video_id']]
