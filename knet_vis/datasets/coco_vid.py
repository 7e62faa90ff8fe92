"""Videos in COCO's form: one json with videos, their frames, and an instance id for every object in a frame."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Sequence, Tuple

from pycocotools import mask as mask_api

from knet.layouts.coco import check_instances

Annotation = Dict[str, Any]


@dataclass
class VideoFrame:
    """One frame.

    Attributes:
        file_name: Path below the image prefix.
        annotations: Its objects; ``segmentation`` is a compressed run-length code.
    """

    file_name: str
    annotations: List[Annotation] = field(default_factory=list)


@dataclass
class Video:
    """One video.

    Attributes:
        id: Its official number.
        name: Its name, for people.
        size: (height, width) of all frames.
        frames: In order.
    """

    id: int
    name: str
    size: Tuple[int, int]
    frames: List[VideoFrame]


def index_videos(data: Dict[str, Any], category_ids: Sequence[int], path: str) -> List[Video]:
    """Sort the lists of a json file into videos, and refuse contradictions.

    Args:
        data: Content with ``videos``, ``images`` and ``annotations``.
        category_ids: Those that annotations may have.
        path: The file, for messages.

    Returns:
        The videos in ascending id.

    Raises:
        ValueError: If ids repeat, a video has no frames or gaps, frames differ
            in size, an annotation has no frame, an instance changes its class
            or appears twice in a frame, or a mask has another size.
    """
    check_instances(data, category_ids, path)
    videos = {}
    for entry in data['videos']:
        if entry['id'] in videos:
            raise ValueError(f'{path}: id {entry["id"]} is given to two videos; ids must be unique. Number them anew.')
        videos[entry['id']] = dict(entry, images=[])
    for image in data['images']:
        if image.get('video_id') not in videos:
            raise ValueError(
                f'{path}: image {image["id"]} belongs to video {image.get("video_id")}, which is not '
                'listed. Convert the annotations again.'
            )
        videos[image['video_id']]['images'].append(image)
    frames: Dict[int, VideoFrame] = {}
    result = [_video(videos[number], frames, path) for number in sorted(videos)]
    sizes = {image['id']: (image['height'], image['width']) for image in data['images']}
    video_of = {image['id']: image['video_id'] for image in data['images']}
    _place(data['annotations'], frames, sizes, video_of, path)
    return result


def _video(entry: Dict[str, Any], frames: Dict[int, VideoFrame], path: str) -> Video:
    """One video; its frames also go into ``frames`` by image id."""
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
    return Video(entry['id'], str(entry.get('name', entry['id'])), sizes.pop(), own)


def _place(
    annotations: Sequence[Annotation],
    frames: Dict[int, VideoFrame],
    sizes: Dict[int, Tuple[int, int]],
    video_of: Dict[int, int],
    path: str,
) -> None:
    """Give every annotation to its frame."""
    category: Dict[Tuple[int, int], int] = {}
    seen = set()
    for ann in annotations:
        if 'instance_id' not in ann:
            raise ValueError(
                f'{path}: annotation {ann["id"]} has no instance_id; make the file with '
                'tools/dataset/youtubevis2coco.py.'
            )
        image, instance = ann['image_id'], ann['instance_id']
        if ann.get('video_id', video_of[image]) != video_of[image]:
            raise ValueError(
                f'{path}: annotation {ann["id"]} belongs to video {ann["video_id"]}, its image {image} to '
                f'{video_of[image]}. Convert the annotations again.'
            )
        if (image, instance) in seen:
            raise ValueError(f'{path}: instance {instance} appears twice in image {image}. Remove one annotation.')
        seen.add((image, instance))
        if category.setdefault((video_of[image], instance), ann['category_id']) != ann['category_id']:
            raise ValueError(
                f'{path}: instance {instance} of video {video_of[image]} changes its category in '
                f'annotation {ann["id"]}. One track has one category.'
            )
        code = compress(ann['segmentation'], sizes[image])
        if tuple(code['size']) != sizes[image]:
            raise ValueError(
                f'{path}: the mask of annotation {ann["id"]} is {tuple(code["size"])}, its image '
                f'{sizes[image]} (height, width). Images and annotations must come from one release.'
            )
        frames[image].annotations.append(dict(ann, segmentation=code))


def compress(segmentation: Any, size: Tuple[int, int]) -> Dict[str, Any]:
    """A mask as compressed run lengths, a tenth of the memory of lists.

    Args:
        segmentation: Compressed or uncompressed run lengths, or polygons.
        size: (height, width) that polygons need.

    Returns:
        ``size`` and ``counts`` (bytes).
    """
    if isinstance(segmentation, list):
        return mask_api.merge(mask_api.frPyObjects(segmentation, *size))
    if isinstance(segmentation['counts'], list):
        return mask_api.frPyObjects(segmentation, *segmentation['size'])
    counts = segmentation['counts']
    return dict(size=segmentation['size'], counts=counts.encode() if isinstance(counts, str) else counts)
