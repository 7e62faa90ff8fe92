"""Videos in COCO's form: one json with videos, their frames, and an instance id for every object in a frame.

``tools/dataset/youtubevis2coco.py`` makes such a file from an official one of :mod:`knet.layouts.youtube_vis`, with
:func:`per_frame`. Ids of images and annotations are unique, an instance id belongs to one track of one video, and
``frame_id`` counts the frames of a video from 0. Tracks that are in no frame have no annotation; a video lists them as
``unseen_tracks``, each with ``category_id`` and ``iscrowd``, because the benchmark counts them among those to find.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Callable, Container, Dict, Iterable, List, Sequence, Tuple

from knet.layouts.coco import check_instances, visible_instances
from knet.layouts.entries import check_entries, check_ids
from knet.layouts.masks import is_absent
from knet.utils.io import PathLike

Annotation = Dict[str, Any]
#: ``category_id``, ``iscrowd`` and ``segmentations``, one run-length code or None per frame.
Track = Dict[str, Any]


@dataclass
class VideoFrame:
    """One frame of a video.

    Attributes:
        file_name: Path below the image prefix.
        annotations: Objects in the frame; ``segmentation`` is a compressed run-length code.
    """

    file_name: str
    annotations: List[Annotation] = field(default_factory=list)


@dataclass
class Video:
    """One video.

    Attributes:
        id: Official number of the video.
        name: Readable name of the video.
        size: (height, width) of all frames in pixels.
        frames: Frames of the video in order.
        unseen: ``category_id`` and ``iscrowd`` of the tracks that are in no frame.
    """

    id: int
    name: str
    size: Tuple[int, int]
    frames: List[VideoFrame]
    unseen: List[Annotation] = field(default_factory=list)


def index_videos(data: Dict[str, Any], category_ids: Iterable[int], path: PathLike) -> List[Video]:
    """Sort the lists of a json file into videos, and raise an error for contradictions.

    Args:
        data: Content with ``videos``, ``images`` and ``annotations``.
        category_ids: Category ids that annotations may have.
        path: The file, for messages.

    Returns:
        The videos in ascending id.

    Raises:
        ValueError: If ids repeat, a video has no frames or gaps, frames differ in size, an annotation has no frame, an
            instance changes its class or appears several times in a frame, a mask has another size, or an unseen track
            has no category of the file.
    """
    category_ids = set(category_ids)
    check_instances(data, category_ids, path)
    check_entries(data, 'videos', path, ('id',))
    check_ids(data, 'videos', path)
    _check_unseen(data['videos'], category_ids, path)
    check_entries(data, 'images', path, ('frame_id',), ('video_id',))
    videos: Dict[int, Dict[str, Any]] = {entry['id']: dict(entry, images=[]) for entry in data['videos']}
    for image in data['images']:
        if image.get('video_id') not in videos:
            raise ValueError(
                f'{path}: image {image["id"]} belongs to video {image.get("video_id")}, which is not '
                'listed. Convert the annotations again.'
            )
        videos[image['video_id']]['images'].append(image)
    frames: Dict[int, VideoFrame] = {}
    result = [_video(videos[number], frames, path) for number in sorted(videos)]
    _make_names_unique(result)
    video_of = {image['id']: image['video_id'] for image in data['images']}
    _check_tracks(data['annotations'], video_of, path)
    for ann in visible_instances(data, path, compress=True):
        frames[ann['image_id']].annotations.append(ann)
    return result


def _folder(file_name: str) -> str:
    """Return the folder of a file below the image prefix, empty if there is none."""
    folder = PurePosixPath(file_name).parent.as_posix()
    return '' if folder == '.' else folder


def _make_names_unique(videos: Sequence[Video]) -> None:
    """Call videos of one name by the folder of their frames and, if these are equal too, by name and number.

    Files that are made of a video have its name, so that one of them would replace the other.
    """
    for other_name in (lambda video: _folder(video.frames[0].file_name), lambda video: f'{video.name}_{video.id}'):
        counts = Counter(video.name for video in videos)
        for video in videos:
            if counts[video.name] > 1:
                video.name = other_name(video) or video.name


def _video(entry: Dict[str, Any], frames: Dict[int, VideoFrame], path: PathLike) -> Video:
    """Return one video; its frames also go into ``frames`` by image id."""
    images = sorted(entry['images'], key=lambda image: image['frame_id'])
    found = [image['frame_id'] for image in images]
    if not images or found != list(range(len(images))):
        raise ValueError(
            f'{path}: video {entry["id"]} has the frames {found[:8]}; frame_id must count 0, 1, 2, ... '
            'Convert the annotations again.'
        )
    sizes = {(image['height'], image['width']) for image in images}
    if len(sizes) > 1:
        raise ValueError(
            f'{path}: frames of video {entry["id"]} differ in size: {sorted(sizes)}. All frames of a '
            'video must have one size.'
        )
    own = []
    for image in images:
        frames[image['id']] = VideoFrame(image['file_name'])
        own.append(frames[image['id']])
    return Video(entry['id'], str(entry.get('name', entry['id'])), sizes.pop(), own, entry.get('unseen_tracks') or [])


def _check_unseen(videos: Sequence[Dict[str, Any]], category_ids: Container[int], path: PathLike) -> None:
    """Raise an error for tracks of no frame that are no such entries or belong to no category."""
    for video in videos:
        tracks = video.get('unseen_tracks') or []
        if not isinstance(tracks, list):
            raise ValueError(f'{path}: unseen_tracks of video {video["id"]} is no list. Convert the annotations again.')
        check_entries(dict(unseen_tracks=tracks), 'unseen_tracks', path, ('category_id',), ('iscrowd',))
        for track in tracks:
            if track['category_id'] not in category_ids:
                raise ValueError(
                    f'{path}: an unseen track of video {video["id"]} has category {track["category_id"]}, which is not '
                    'among the categories of the file.'
                )


def _check_tracks(annotations: Sequence[Annotation], video_of: Dict[Any, int], path: PathLike) -> None:
    """Raise an error if annotations do not make up tracks; ``video_of`` has the video of every image id."""
    category: Dict[Tuple[int, int], int] = {}
    seen = set()
    for ann in annotations:
        if 'instance_id' not in ann:
            raise ValueError(
                f'{path}: annotation {ann["id"]} has no instance_id; make the file with '
                'tools/dataset/youtubevis2coco.py.'
            )
        image, instance = ann['image_id'], ann['instance_id']
        video = video_of[image]
        if ann.get('video_id', video) != video:
            raise ValueError(
                f'{path}: annotation {ann["id"]} belongs to video {ann["video_id"]}, its image {image} to '
                f'{video}. Convert the annotations again.'
            )
        if (image, instance) in seen:
            raise ValueError(f'{path}: instance {instance} appears twice in image {image}. Remove one annotation.')
        seen.add((image, instance))
        if category.setdefault((video, instance), ann['category_id']) != ann['category_id']:
            raise ValueError(
                f'{path}: instance {instance} of video {video} changes its category in '
                f'annotation {ann["id"]}. One track has one category.'
            )


def tracks_of(video: Video) -> List[Track]:
    """Return the tracks of a video in order of their first frame, those of no frame last."""
    tracks: Dict[int, Track] = {}
    for position, frame in enumerate(video.frames):
        for ann in frame.annotations:
            track = tracks.setdefault(
                ann['instance_id'],
                dict(
                    category_id=ann['category_id'],
                    iscrowd=ann.get('iscrowd', 0),
                    segmentations=[None] * len(video.frames),
                ),
            )
            track['segmentations'][position] = ann['segmentation']
    unseen = [dict(dict(iscrowd=0), **track, segmentations=[None] * len(video.frames)) for track in video.unseen]
    return [*tracks.values(), *unseen]


def per_frame(data: Dict[str, Any], tick: Callable[[], None] = lambda: None) -> Dict[str, List[Dict[str, Any]]]:
    """Turn an official file of YouTube-VIS into one entry per frame, and per object and frame in which it is visible.

    Tracks that are visible nowhere become ``unseen_tracks`` of their videos.

    Args:
        data: Content of the official json, checked and completed by :func:`knet.layouts.youtube_vis.complete_tracks`.
        tick: Function that is called after every video, for a progress bar.

    Returns:
        ``categories``, ``videos``, ``images`` and, if there are any, ``annotations``; ids count from 1.
    """
    result: Dict[str, List[Dict[str, Any]]] = dict(categories=data['categories'], videos=[], images=[])
    tracks: Dict[int, List[Dict[str, Any]]] = {}
    for ann in data.get('annotations') or []:
        tracks.setdefault(ann['video_id'], []).append(ann)
    if tracks:
        result['annotations'] = []
    instances: Dict[int, int] = {}
    for video in data['videos']:
        result['videos'].append(_video_entry(video, tracks.get(video['id'], ())))
        for frame, name in enumerate(video['file_names']):
            image_id = len(result['images']) + 1
            result['images'].append(
                dict(
                    file_name=name,
                    height=video['height'],
                    width=video['width'],
                    id=image_id,
                    frame_id=frame,
                    video_id=video['id'],
                )
            )
            for ann in tracks.get(video['id'], ()):
                if not is_absent(ann['segmentations'][frame]):
                    result['annotations'].append(
                        dict(
                            id=len(result['annotations']) + 1,
                            video_id=video['id'],
                            image_id=image_id,
                            category_id=ann['category_id'],
                            instance_id=instances.setdefault(ann['id'], len(instances) + 1),
                            bbox=ann['bboxes'][frame],
                            segmentation=ann['segmentations'][frame],
                            area=ann['areas'][frame],
                            iscrowd=ann.get('iscrowd', 0),
                        )
                    )
        tick()
    return result


def _video_entry(video: Dict[str, Any], tracks: Sequence[Dict[str, Any]]) -> Dict[str, Any]:
    """Return the entry of a video with its official tracks that are in no frame, if there are any."""
    entry = dict(id=video['id'], name=_folder(video['file_names'][0]) or str(video['id']))
    unseen = [track for track in tracks if all(map(is_absent, track['segmentations']))]
    if unseen:
        entry['unseen_tracks'] = [dict(category_id=t['category_id'], iscrowd=t.get('iscrowd', 0)) for t in unseen]
    return entry
