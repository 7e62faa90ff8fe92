"""YouTube-VIS on disk: tracks as run lengths per frame.

::

    ROOT/{train,valid,test}.json                               annotations of 2019
    ROOT/{train,valid,test}/instances.json                     annotations of 2021 and 2022
    ROOT/{train,valid,test}/JPEGImages/<video>/NNNNN.jpg       frames, every fifth of a clip
    ROOT/annotations/youtube_vis_<version>_<subset>.json       one entry per object and frame, see .coco_video
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from knet.labels import LabelSpace
from knet.layouts.coco import Rle, compress, first_duplicate, match_categories, read_annotations
from knet.layouts.coco_video import Track, Video, index_videos, tracks_of
from knet.utils.io import PathLike

SUBSETS = ('train', 'valid', 'test')
#: Label space by version; 2022 has the classes of 2021.
LABEL_SPACES = {'2019': 'youtube_vis_2019', '2021': 'youtube_vis_2021', '2022': 'youtube_vis_2021'}


def official_file(root: PathLike, version: str, subset: str) -> str:
    """Return the official json of a subset."""
    return str(Path(root, f'{subset}.json') if version == '2019' else Path(root, subset, 'instances.json'))


def converted_name(version: str, subset: str) -> str:
    """Return the name of the json with one entry per object and frame."""
    return f'youtube_vis_{version}_{subset}.json'


def image_folder(root: PathLike, subset: str) -> str:
    """Return the folder of the frames of a subset."""
    return str(Path(root, subset, 'JPEGImages'))


@dataclass
class VisGroundTruth:
    """The tracks of a split.

    Attributes:
        videos: Number of frames and (height, width) by video id.
        tracks: Tracks by video id.
        categories: Names by category id.
        name: Term for the split in messages.
    """

    videos: Dict[int, Tuple[int, Tuple[int, int]]]
    tracks: Dict[int, List[Track]]
    categories: Dict[int, str]
    name: str

    @classmethod
    def from_videos(cls, videos: Sequence[Video], categories: Dict[int, str], name: PathLike) -> 'VisGroundTruth':
        """Return the tracks of videos with one entry per object and frame.

        Args:
            videos: The videos.
            categories: Names by category id.
            name: Term for the videos in messages.
        """
        lengths = {video.id: (len(video.frames), video.size) for video in videos}
        return cls(lengths, {video.id: tracks_of(video) for video in videos}, categories, str(name))

    def in_classes(self, label_space: LabelSpace) -> 'VisGroundTruth':
        """Return the tracks of the things of a label space, without those of classes that it leaves out.

        Raises:
            ValueError: If the categories are others.
        """
        named = [dict(id=number, name=name) for number, name in self.categories.items()]
        kept = match_categories(named, label_space.things, self.name, label_space.left_out).values()
        tracks = {v: [t for t in found if t['category_id'] in kept] for v, found in self.tracks.items()}
        return replace(self, tracks=tracks, categories={number: self.categories[number] for number in kept})


def read_ground_truth(path: PathLike, annotated: bool = True) -> VisGroundTruth:
    """Read annotations with their tracks.

    Args:
        path: The official json (per track ``segmentations``) or what ``tools/dataset/youtubevis2coco.py`` made of it
            (per frame).
        annotated: If True, annotations must exist. If False, the videos and categories suffice.

    Returns:
        The tracks.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, contradicts itself or has no annotations.
    """
    data = read_annotations(path, ('videos', 'categories'))
    data['annotations'] = data.get('annotations') or []
    if annotated and not data['annotations']:
        raise ValueError(f'{path} has no annotations to compare with; only the server can score this split.')
    categories = {entry['id']: entry['name'] for entry in data['categories']}
    if 'images' in data:
        return VisGroundTruth.from_videos(index_videos(data, categories, path), categories, path)
    check_tracks(data, path, ('segmentations',))
    videos = {video['id']: (_length(video), (video['height'], video['width'])) for video in data['videos']}
    tracks: Dict[int, List[Track]] = {video: [] for video in videos}
    for ann in data['annotations']:
        masks = [as_rle(code, videos[ann['video_id']][1]) for code in ann['segmentations']]
        tracks[ann['video_id']].append(
            dict(category_id=ann['category_id'], iscrowd=ann.get('iscrowd', 0), segmentations=masks)
        )
    return VisGroundTruth(videos, tracks, categories, str(path))


def _length(video: Dict[str, Any]) -> int:
    return len(video['file_names']) if 'file_names' in video else video['length']


def as_rle(code: Optional[Any], size: Tuple[int, int]) -> Optional[Rle]:
    """Return a mask as compressed run lengths, None for None; see :func:`knet.layouts.coco.compress`."""
    return None if code is None else compress(code, size)


def check_tracks(data: Dict[str, Any], path: PathLike, per_frame: Sequence[str]) -> None:
    """Raise an error for an official file that contradicts itself.

    Args:
        data: Content of the json.
        path: The file, for messages.
        per_frame: Keys of an annotation that must have one value per frame of its video.

    Raises:
        ValueError: If ids repeat, a video has no frames, a track has no video or no category, or its length is not that
            of the video.
    """
    for what in ('videos', 'annotations'):
        duplicate = first_duplicate(data.get(what) or [])
        if duplicate is not None:
            raise ValueError(f'{path}: id {duplicate} is given to two {what}; ids must be unique.')
    lengths = {video['id']: _length(video) for video in data['videos']}
    empty = [number for number, length in lengths.items() if not length]
    if empty:
        raise ValueError(f'{path}: video {empty[0]} has no frames. Remove it.')
    known = {category['id'] for category in data['categories']}
    for ann in data.get('annotations') or []:
        if ann['video_id'] not in lengths:
            raise ValueError(f'{path}: annotation {ann["id"]} belongs to video {ann["video_id"]}, which is not listed.')
        if ann['category_id'] not in known:
            raise ValueError(
                f'{path}: annotation {ann["id"]} has category {ann["category_id"]}, which is not among '
                'the categories of the file.'
            )
        for key in per_frame:
            if len(ann[key]) != lengths[ann['video_id']]:
                raise ValueError(
                    f'{path}: annotation {ann["id"]} has {len(ann[key])} {key}, its video '
                    f'{ann["video_id"]} {lengths[ann["video_id"]]} frames.'
                )
