"""Cityscapes-VPS on disk.

A clip has 30 frames, of which every fifth (from the fifth on) is labelled. Names
``VVVV_IIII_<city>_SSSSSS_FFFFFF_{newImg8bit,leftImg8bit}.png`` tell the video and the frame of a file: V is the video,
F the frame's number in Cityscapes, which counts through the clip. I is a running index that is not used. Frames in
``img_all`` may have the names of Cityscapes, ``<city>_SSSSSS_FFFFFF_leftImg8bit.png``, as the scripts of the release
leave them: they belong to the clip around whose labelled frames they lie.

::

    ROOT/<split>/img/                               labelled frames
    ROOT/<split>/img_all/                           all frames
    ROOT/<split>/panoptic_video/                    label maps: ids of segments, RGB
    ROOT/panoptic_gt_<split>_city_vps.json          what the segments are
    ROOT/train/labelmap/                            of the release: classes of the training frames
    ROOT/instances_train_city_vps_rle.json          of the release: instances of the training frames
"""

import re
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

import numpy as np

from knet.labels import CITYSCAPES_PANOPTIC, AnyLabelSpace, LabelSpace
from knet.layouts.base import FrameRecord, VideoFiles, VideoGroundTruth, order_frames, stamp_files
from knet.layouts.files import list_files, number_files, require_folder
from knet.layouts.id_maps import ID_SHIFT, reader_in
from knet.layouts.segments import read_segments
from knet.utils.io import PathLike, read_json

#: File of the instances of the training frames, in the release.
TRAIN_INSTANCES = 'instances_train_city_vps_rle.json'
_WHAT = 'panoptic file of Cityscapes-VPS'
_REMEDY = 'See DATASET.md for the files of Cityscapes-VPS.'
#: Image name -> name of its label maps.
LABEL_NAMES = (('newImg8bit', 'final_mask'), ('leftImg8bit', 'gtFine_color'))
_NAME = re.compile(r'(\d+)_\d+_.+_\d+_(\d+)_(?:newImg8bit|leftImg8bit|final_mask|gtFine_color)\.png')
_OF_CITYSCAPES = re.compile(r'([^\W\d].*_\d+)_(\d+)_leftImg8bit\.png')
#: Number of the first labelled frame of a clip, counted from 1.
_FIRST_LABELLED = 5
_IGNORED = (255, -1)
_SPACE = CITYSCAPES_PANOPTIC


def parse_name(path: PathLike) -> Tuple[int, int]:
    """Return video and frame number of an image or label file.

    >>> parse_name('0005_0002_ulm_000000_000014_newImg8bit.png')
    (5, 14)

    Raises:
        ValueError: If the name is of another form.
    """
    match = _NAME.fullmatch(Path(path).name)
    if match is None:
        raise ValueError(
            f'{path}: file name is not VVVV_IIII_<city>_SSSSSS_FFFFFF_newImg8bit.png (or leftImg8bit, '
            'final_mask, gtFine_color). Rename or remove it.'
        )
    return int(match.group(1)), int(match.group(2))


def clip_parser(labelled: Iterable[PathLike]) -> Callable[[PathLike], Tuple[int, int]]:
    """Return a function like :func:`parse_name` that also knows the names that Cityscapes gives to frames.

    Args:
        labelled: Images of the labelled frames, which say what clips there are.

    >>> clip_parser(['0005_0025_ulm_000000_001736_newImg8bit.png'])('ulm_000000_001732_leftImg8bit.png')
    (5, 1732)
    """
    spans: Dict[Tuple[str, int], List[int]] = {}
    for path in labelled:
        video, frame = parse_name(path)
        sequence = Path(path).name.split('_', 2)[2].rsplit('_', 2)[0]
        spans.setdefault((sequence, video), []).append(frame)

    def parse(path: PathLike) -> Tuple[int, int]:
        match = _OF_CITYSCAPES.fullmatch(Path(path).name)
        if match is None:
            return parse_name(path)
        sequence, frame = match.group(1), int(match.group(2))
        for (where, video), frames in spans.items():
            if where == sequence and min(frames) - _FIRST_LABELLED < frame <= max(frames):
                return video, frame
        raise ValueError(f'{path}: lies in no clip with labelled frames; take the files of one release, or remove it')

    return parse


def label_name(name: str) -> str:
    """Return the name of the label map of an image."""
    for image, label in LABEL_NAMES:
        name = name.replace(image, label)
    return name


def image_name(video_id: int, index: int, city: str, frame_id: int, kind: str = 'newImg8bit') -> str:
    """Return the name of an image.

    Args:
        video_id: V, number of the video.
        index: I, the running index.
        city: Name of the city.
        frame_id: F, the frame's number in Cityscapes.
        kind: ``'leftImg8bit'`` for the frame that Cityscapes itself labels.

    >>> image_name(5, 2, 'ulm', 14)
    '0005_0002_ulm_000000_000014_newImg8bit.png'
    """
    return f'{video_id:04d}_{index:04d}_{city}_000000_{frame_id:06d}_{kind}.png'


def image_id(name: str) -> str:
    """Return what the JSON file calls a frame: the name of its image without the ending."""
    return name.rsplit('_', 1)[0]


def label_folder(root: PathLike, split: str) -> Path:
    """Return the folder of the label maps of a split."""
    return Path(root) / split / 'panoptic_video'


def json_file(root: PathLike, split: str) -> Path:
    """Return the path of the JSON file that lists the segments of a split."""
    return Path(root) / f'panoptic_gt_{split}_city_vps.json'


def read_document(path: PathLike, *keys: str) -> Dict[str, Any]:
    """Read a JSON file of Cityscapes-VPS; see :func:`knet.utils.io.read_json` for arguments and errors."""
    return read_json(path, *keys, what=_WHAT, remedy=_REMEDY)


def category_list() -> List[Dict[str, Any]]:
    """Return the ``categories`` of a JSON file whose category ids are train ids."""
    return [
        dict(id=info.dataset_id, trainid=info.dataset_id, name=info.name, isthing=int(info.is_thing))
        for info in _SPACE.classes
    ]


def train_ids(categories: Iterable[Dict[str, Any]], path: Path, label_space: LabelSpace = _SPACE) -> Dict[int, int]:
    """Return the dataset class id (0..18, 255 = void) of every category id of a JSON file.

    Raises:
        ValueError: If a category is none of the label space.
    """
    table, known = {}, [info.dataset_id for info in label_space.file_classes]
    for category in categories:
        train_id = category.get('trainid', category['id'])
        train_id = label_space.void if train_id in _IGNORED else train_id
        if train_id != label_space.void and train_id not in known:
            there = '0..18' if label_space is _SPACE else f'{known} in label space {label_space.name!r}'
            raise ValueError(f'{path}: category {category["id"]} has train id {train_id}; there are {there}')
        table[category['id']] = train_id
    return table


class CityscapesVPSGroundTruth(VideoGroundTruth):
    """Labelled frames of Cityscapes-VPS; arguments are those of :class:`.base.VideoGroundTruth`.

    An object keeps its segment id through a video. Instances are numbered from 1 in each video; crowds have 0.

    Attributes:
        annotations: The frame's entry in the JSON file, by video and frame number.
        categories: Category id of every dataset class id.
    """

    label_space = 'cityscapes_panoptic'
    default_root = 'data/cityscapes_vps'
    labels_every_frame = False

    def __init__(self, root: PathLike, split: str = 'val', label_space: Optional[AnyLabelSpace] = None) -> None:
        super().__init__(root, split, label_space)
        self.read_id_map = reader_in(self.decode, self.classes)
        self._file = json_file(self.data_root, split)
        document = read_document(self._file, 'annotations', 'categories')
        table = train_ids(document['categories'], self._file, self.classes)
        self.categories = {train_id: category for category, train_id in table.items() if train_id != self.classes.void}
        self.annotations: Dict[int, Dict[int, Dict[str, Any]]] = {}
        for annotation in document['annotations']:
            video, frame = parse_name(annotation['file_name'])
            self.annotations.setdefault(video, {})[frame] = annotation
        self._check_pairs()
        self._codes = {video: self._number(entries, table) for video, entries in self.annotations.items()}

    @classmethod
    def _scan(cls, root: Path, split: str) -> Tuple[Path, VideoFiles]:
        folder = label_folder(root, split)
        if not folder.is_dir():
            raise FileNotFoundError(
                f'{folder}: no such folder; for the training part '
                'tools/dataset/cityscapes_vps_prepare.py makes it from the release'
            )
        videos: VideoFiles = {}
        for (video, frame), path in number_files(str(folder), list_files(str(folder), '.png'), parse_name).items():
            videos.setdefault(video, {})[frame] = (Path(path),)
        if not videos:
            raise FileNotFoundError(f'{folder}: no label map in it')
        return folder, videos

    @classmethod
    def list_frames(
        cls, root: PathLike, split: str, labelled: bool = True, every_frame: bool = False
    ) -> List[FrameRecord]:
        """List the frames of a split, see :meth:`.base.Layout.list_frames`."""
        folder = require_folder(
            str(Path(root) / split / ('img_all' if every_frame else 'img')),
            'Set data_root to the Cityscapes-VPS folder; DATASET.md shows what it holds.',
        )
        labelled_images = Path(root) / split / 'img'
        known = list_files(labelled_images, '.png') if every_frame and labelled_images.is_dir() else []
        images = number_files(folder, list_files(folder, '.png'), clip_parser(known))
        if not images:
            raise ValueError(f'{folder}: no *.png in it. The split {split!r} is empty: check data_root and split.')
        videos = cls._scan(Path(root), split)[1] if labelled else {}
        labels = {(video, frame): str(files[0]) for video in videos for frame, files in videos[video].items()}
        for numbers in sorted(set(images) - set(labels)) if labelled and not every_frame else ():
            label = label_folder(root, split) / label_name(Path(images[numbers]).name)
            raise FileNotFoundError(
                f'{label}: no such label map, but there is the image {images[numbers]}. Complete the labels or '
                'remove the image.'
            )
        alone = sorted(set(labels) - set(images))
        if alone:
            raise FileNotFoundError(
                f'{folder}: no image for the label map {labels[alone[0]]} (and {len(alone) - 1} more). '
                'Complete the images.'
            )
        return order_frames(
            {numbers: (path, (labels[numbers],) if numbers in labels else ()) for numbers, path in images.items()}
        )

    def _check_pairs(self) -> None:
        in_json = {(v, f) for v, frames in self.annotations.items() for f in frames}
        on_disk = {(v, f) for v, frames in self._videos.items() for f in frames}
        for pair in sorted(in_json ^ on_disk)[:1]:
            what = 'has no file in ' if pair in in_json else 'is not annotated, but has a file in '
            raise ValueError(
                f'{self._file}: video {pair[0]}, frame {pair[1]} {what}{self.root}; '
                'JSON and label maps must come from the same release'
            )

    def _number(self, entries: Dict[int, Dict[str, Any]], table: Dict[int, int]) -> Dict[int, int]:
        """Return the code of every segment id of a video."""
        codes: Dict[int, int] = {}
        segments: Dict[int, Dict[str, Any]] = {}
        for info in (info for entry in entries.values() for info in entry['segments_info']):
            if info['category_id'] not in table:
                raise ValueError(
                    f'{self._file}: segment {info["id"]} has category {info["category_id"]}, which is '
                    'not among the categories of the file'
                )
            segments[info['id']] = info
        counted, things = 0, {info.dataset_id for info in self.classes.file_classes if info.is_thing}
        for segment in sorted(segments):
            info = segments[segment]
            train_id, instance = table[info['category_id']], 0
            if train_id in things and not info.get('iscrowd', 0):
                counted += 1
                instance = counted
            codes[segment] = train_id << ID_SHIFT | instance
        return codes

    def stamp(self, video_id: int) -> str:
        """Return a text that changes when a label map of the video does, or the JSON file, which says what it shows."""
        return f'{super().stamp(video_id)} {stamp_files([self._file])}'

    def decode(self, path: PathLike) -> np.ndarray:
        """Read the label map of a frame as an id map, (H, W) int32."""
        return read_segments(path, self._codes[parse_name(path)[0]], self.classes.void)
