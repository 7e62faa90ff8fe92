"""YouTube-VIS on disk: tracks as run lengths per frame.

::

    ROOT/{train,valid,test}.json                               annotations of 2019
    ROOT/{train,valid,test}/instances.json                     annotations of 2021 and 2022
    ROOT/{train,valid,test}/JPEGImages/<video>/NNNNN.jpg       frames, every fifth of a clip
    ROOT/annotations/youtube_vis_<version>_<subset>.json       one entry per object and frame, see .coco_video
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

from knet.labels import LabelSpace
from knet.layouts.coco import check_names, lacks_box, match_categories, measure_masks, read_annotations
from knet.layouts.coco_video import Track, Video, index_videos, tracks_of
from knet.layouts.entries import check_entries, check_ids, check_references
from knet.layouts.masks import Size, check_masks, is_absent, read_masks
from knet.utils.io import PathLike

SUBSETS = ('train', 'valid', 'test')
#: Label space by version; 2022 has the classes of 2021.
LABEL_SPACES = {'2019': 'youtube_vis_2019', '2021': 'youtube_vis_2021', '2022': 'youtube_vis_2021'}

#: Keys of a track that have one value per frame.
_PER_FRAME = ('segmentations', 'bboxes', 'areas')


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

    def only(self, video_id: int) -> 'VisGroundTruth':
        """Return the same with one video, which is faster to give to another process."""
        return replace(self, videos={video_id: self.videos[video_id]}, tracks={video_id: self.tracks[video_id]})

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
    data = read_annotations(path, ('videos', 'categories'), optional=('images', 'annotations'))
    check_names(data['categories'], path)
    data['annotations'] = data.get('annotations') or []
    if annotated and not data['annotations']:
        raise ValueError(f'{path} has no annotations to compare with; only the server can score this split.')
    categories = {entry['id']: entry['name'] for entry in data['categories']}
    if data.get('images') is not None:
        return VisGroundTruth.from_videos(index_videos(data, categories, path), categories, path)
    check_tracks(data, path)
    videos = {video['id']: (_length(video), _size(video)) for video in data['videos']}
    tracks: Dict[int, List[Track]] = {video: [] for video in videos}
    for ann in data['annotations']:
        masks = read_masks(ann['segmentations'], *_sizes_and_name(ann, videos[ann['video_id']][1], path))
        tracks[ann['video_id']].append(
            dict(category_id=ann['category_id'], iscrowd=ann.get('iscrowd', 0), segmentations=masks)
        )
    return VisGroundTruth(videos, tracks, categories, str(path))


def _length(video: Dict[str, Any]) -> int:
    return len(video['file_names']) if 'file_names' in video else video['length']


def _size(video: Dict[str, Any]) -> Size:
    return video['height'], video['width']


def _sizes_and_name(ann: Dict[str, Any], size: Size, path: PathLike) -> Tuple[List[Size], Callable[[int], str]]:
    """Return the last arguments of :func:`knet.layouts.masks.read_masks` for the masks of a track."""
    return (
        [size] * len(ann['segmentations']),
        lambda frame: f'{path}: the mask of annotation {ann["id"]} in frame {frame}',
    )


def check_tracks(data: Dict[str, Any], path: PathLike) -> None:
    """Raise an error for an official file that contradicts itself; masks are not looked at.

    Args:
        data: Content of the json.
        path: The file, for messages.

    Raises:
        ValueError: If ids repeat, a video has no frames, a track has no video or no category, or its length is not that
            of the video.
    """
    annotations = data.get('annotations') or []
    part = dict(videos=data['videos'], annotations=annotations)
    check_entries(part, 'videos', path, ('id', 'height', 'width'), ('file_names', 'length'))
    check_entries(part, 'annotations', path, ('id', 'video_id', 'category_id', 'segmentations'), ('iscrowd',))
    for what in part:
        check_ids(part, what, path)
    for video in data['videos']:
        if 'file_names' not in video and 'length' not in video:
            raise ValueError(f'{path}: video {video["id"]} has no file_names. Take the file of the release.')
    lengths = {video['id']: _length(video) for video in data['videos']}
    empty = [number for number, length in lengths.items() if not length]
    if empty:
        raise ValueError(f'{path}: video {empty[0]} has no frames. Remove it.')
    check_references(annotations, 'video_id', lengths, {category['id'] for category in data['categories']}, path)
    for ann in annotations:
        for key in _PER_FRAME:
            if key != 'segmentations' and ann.get(key) is None:
                continue
            if not isinstance(ann[key], list) or len(ann[key]) != lengths[ann['video_id']]:
                found = f'{len(ann[key])} {key}' if isinstance(ann[key], list) else f'no list of {key}'
                raise ValueError(
                    f'{path}: annotation {ann["id"]} has {found}, its video '
                    f'{ann["video_id"]} {lengths[ann["video_id"]]} frames.'
                )


def complete_tracks(data: Dict[str, Any], path: PathLike) -> None:
    """Check an official file with its masks, and fill in the ``areas`` and ``bboxes`` that it lacks or has as 0.

    Args:
        data: Content of the json, changed in place.
        path: The file, for messages.

    Raises:
        ValueError: If the file contradicts itself, see :func:`check_tracks`, or a mask does not fit its video.
    """
    check_tracks(data, path)
    check_entries(data, 'videos', path, ('file_names',))
    size_of = {video['id']: _size(video) for video in data['videos']}
    for ann in data.get('annotations') or []:
        size, length = size_of[ann['video_id']], len(ann['segmentations'])
        check_masks(ann['segmentations'], *_sizes_and_name(ann, size, path))
        for key in _PER_FRAME[1:]:
            ann[key] = ann.get(key) or [None] * length
        frames = [
            dict(id=ann['id'], segmentation=mask, bbox=box, area=area)
            for mask, box, area in zip(*(ann[key] for key in _PER_FRAME))
        ]
        check_entries(dict(annotations=frames), 'annotations', path, (), ('bbox', 'area'))
        lacking = [
            (number, frame)
            for number, frame in enumerate(frames)
            if not is_absent(frame['segmentation']) and (not frame['area'] or lacks_box(frame['bbox']))
        ]
        measure_masks(
            [frame for _, frame in lacking],
            read_masks([frame['segmentation'] for _, frame in lacking], [size] * len(lacking), str),
        )
        for number, frame in lacking:
            ann['bboxes'][number], ann['areas'][number] = frame['bbox'], frame['area']
