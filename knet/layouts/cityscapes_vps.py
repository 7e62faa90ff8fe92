"""Cityscapes-VPS: its file names, its ground truth, and the format in which its predictions are handed in.

A clip has 30 frames, of which every fifth (from the fifth on) is labelled. The
names ``VVVV_IIII_<city>_SSSSSS_FFFFFF_{newImg8bit,leftImg8bit}.png`` say which
video and frame a file is: V is the video, F the frame's number in Cityscapes,
which counts through the clip. I is a running index that we don't need.
"""

import json
import re
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np

from knet.labels import CITYSCAPES_PANOPTIC
from knet.layouts.ground_truth import VideoGroundTruth
from knet.layouts.id_maps import ID_SHIFT
from knet.layouts.segments import read_segments
from knet.layouts.video_files import VideoFiles
from knet.utils.io import PathLike

#: Image name -> name of its label maps.
LABEL_NAMES = (('newImg8bit', 'final_mask'), ('leftImg8bit', 'gtFine_color'))
_NAME = re.compile(r'(\d+)_\d+_.+_\d+_(\d+)_(?:newImg8bit|leftImg8bit|final_mask|gtFine_color)\.png')
_IGNORED = (255, -1)
_SPACE = CITYSCAPES_PANOPTIC


def parse_name(path: PathLike) -> Tuple[int, int]:
    """Video and frame number of an image or label file.

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


def label_name(image_name: str) -> str:
    """Name of the label maps of an image."""
    for image, label in LABEL_NAMES:
        image_name = image_name.replace(image, label)
    return image_name


def read_json(path: Path, *keys: str) -> Dict[str, Any]:
    """Read a JSON object that must have ``keys``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged or lacks a key.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such file; see DATASET.md for the files of Cityscapes-VPS')
    try:
        document = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path}: damaged JSON ({error}); get the file again') from error
    missing = [key for key in keys if not isinstance(document, dict) or key not in document]
    if missing:
        raise ValueError(f'{path}: has no {missing[0]!r}; it is not the panoptic file of Cityscapes-VPS')
    return document


def train_ids(categories: List[Dict[str, Any]], path: Path) -> Dict[int, int]:
    """Dataset class id (0..18, 255 = void) of every category id of a JSON file.

    Raises:
        ValueError: If a category is none of Cityscapes.
    """
    table = {}
    for category in categories:
        train_id = category.get('trainid', category['id'])
        train_id = _SPACE.void if train_id in _IGNORED else train_id
        if train_id != _SPACE.void and train_id not in _SPACE.dataset_ids:
            raise ValueError(f'{path}: category {category["id"]} has train id {train_id}; there are 0..18')
        table[category['id']] = train_id
    return table


class CityscapesVPSGroundTruth(VideoGroundTruth):
    """Reads ground truth in the Cityscapes-VPS layout.

    ``ROOT/panoptic_gt_<split>_city_vps.json`` says what the segment ids in
    ``ROOT/<split>/panoptic_video/*.png`` are; an object keeps its id through
    the video. Instances are numbered from 1 in each video; crowds have 0.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.

    Attributes:
        annotations (dict): By video and frame number, the frame's entry in the
            JSON file.
        categories (dict): Category id of every dataset class id.
    """

    label_space = 'cityscapes_panoptic'
    default_root = 'data/cityscapes_vps'
    labels_every_frame = False

    def __init__(self, root: PathLike, split: str = 'val') -> None:
        super().__init__(root, split)
        self._file = Path(root).expanduser() / f'panoptic_gt_{split}_city_vps.json'
        document = read_json(self._file, 'annotations', 'categories')
        table = train_ids(document['categories'], self._file)
        self.categories = {train_id: category for category, train_id in table.items() if train_id != _SPACE.void}
        self.annotations: Dict[int, Dict[int, Dict[str, Any]]] = {}
        for annotation in document['annotations']:
            video, frame = parse_name(annotation['file_name'])
            self.annotations.setdefault(video, {})[frame] = annotation
        self._check_pairs()
        self._codes = {video: self._number(entries, table) for video, entries in self.annotations.items()}

    @classmethod
    def _scan(cls, root: Path, split: str) -> Tuple[Path, VideoFiles]:
        folder = root / split / 'panoptic_video'
        if not folder.is_dir():
            raise FileNotFoundError(
                f'{folder}: no such folder; for the training part '
                'tools/dataset/cityscapes_vps_prepare.py makes it from the release'
            )
        videos: VideoFiles = {}
        for path in sorted(folder.glob('*.png')):
            video, frame = parse_name(path)
            if frame in videos.setdefault(video, {}):
                raise ValueError(f'{path}: frame {frame} of video {video} exists twice; remove one')
            videos[video][frame] = (path,)
        if not videos:
            raise FileNotFoundError(f'{folder}: no label map in it')
        return folder, videos

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
        """Code of every segment id of a video."""
        codes: Dict[int, int] = {}
        segments: Dict[int, Dict[str, Any]] = {}
        for info in (info for entry in entries.values() for info in entry['segments_info']):
            if info['category_id'] not in table:
                raise ValueError(
                    f'{self._file}: segment {info["id"]} has category {info["category_id"]}, which is '
                    'not among the categories of the file'
                )
            segments[info['id']] = info
        counted = 0
        for segment in sorted(segments):
            info = segments[segment]
            train_id, instance = table[info['category_id']], 0
            if train_id in _SPACE.thing_ids and not info.get('iscrowd', 0):
                counted += 1
                instance = counted
            codes[segment] = train_id << ID_SHIFT | instance
        return codes

    def decode(self, path: PathLike) -> np.ndarray:
        """Read the label map of a frame as an id map, (H, W) int32."""
        return read_segments(path, self._codes[parse_name(path)[0]], _SPACE.void)
