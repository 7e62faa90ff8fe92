"""Labelled frames of one clip, as label tools write them: COCO json, labelme, pairs of PNGs, RGB label maps.

Every reader returns the frames by number. The number of a frame is the last number in the name of its file.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Hashable, Iterable, List, Optional, Sequence, Tuple

import numpy as np
from pycocotools import mask as mask_api

from knet.labels import ClassInfo, LabelSpace
from knet.layouts.coco import check_instances, read_annotations
from knet.layouts.files import visible_files
from knet.layouts.id_maps import ID_SHIFT
from knet.layouts.kitti_step import read_rgb_panoptic
from knet.layouts.masks import read_mask
from knet.layouts.semantic_kitti import read_class_instance
from knet.utils.cli import UsageError
from knet.utils.io import read_json

_WHAT = 'file of labelme'
_REMEDY = 'Save it again with labelme.'


@dataclass(frozen=True)
class LabelledFrame:
    """One frame.

    Attributes:
        image: File of the image.
        label: File of the labels, for messages.
        read: Function that returns the id map, (H, W) int32 of ``class << ID_SHIFT | instance``.
    """

    image: Path
    label: Path
    read: Callable[[], np.ndarray]


Frames = Dict[int, LabelledFrame]


class Classes:
    """What the names of a label tool mean.

    Args:
        label_space: The classes.
        void: Names that become void.
    """

    def __init__(self, label_space: LabelSpace, void: Sequence[str] = ()) -> None:
        self.label_space = label_space
        self._infos: Dict[str, Optional[ClassInfo]] = {info.name: info for info in label_space.classes}
        self._infos.update(dict.fromkeys(void))

    def find(self, name: Any, path: Path) -> Optional[ClassInfo]:
        """Return the class of a name; None for void.

        Raises:
            UsageError: If it is neither.
        """
        if name not in self._infos:
            raise UsageError(
                f'{path}: {name!r} is no class of label space {self.label_space.name!r} '
                f'({", ".join(self.label_space.names)}); name the right --label-space, or add --void {name!r}'
            )
        return self._infos[name]


class Tracks:
    """Instance ids of objects: one for each track of a class, and a new one for every object without track."""

    def __init__(self) -> None:
        self._numbers: Dict[Tuple[int, Hashable], int] = {}
        #: Number of objects whose track is unknown.
        self.unknown = 0

    def number(self, info: ClassInfo, track: Optional[Hashable]) -> int:
        """Return the instance id of an object, 0 for stuff."""
        if not info.is_thing:
            return 0
        if track is None:
            self.unknown += 1
            track = ('object', self.unknown)
        number = self._numbers.setdefault((info.dataset_id, track), len(self._numbers) + 1)
        if number >> ID_SHIFT:
            raise UsageError(f'the clip has more than {(1 << ID_SHIFT) - 1} objects; convert it in parts')
        return number


#: Class (None = void), instance id and segmentation, in COCO's form, of an object, and what messages call it.
Drawn = Tuple[Optional[ClassInfo], int, Any, str]


def _paint(objects: Iterable[Drawn], size: Tuple[int, int], void: int) -> np.ndarray:
    """Return an id map with objects drawn one over the other."""
    id_map = np.full(size, void << ID_SHIFT, dtype=np.int32)
    for info, number, segmentation, name in objects:
        mask = read_mask(segmentation, size, name)
        if mask is not None:
            code = (void if info is None else info.dataset_id) << ID_SHIFT | number
            id_map[mask_api.decode(mask).astype(bool)] = code
    return id_map


def _frame_number(name: str, path: Path) -> int:
    numbers = re.findall(r'\d+', Path(name).stem)
    if not numbers:
        raise UsageError(f'{path}: the name {name!r} holds no frame number; rename it')
    return int(numbers[-1])


def _put(frames: Frames, number: int, frame: LabelledFrame) -> None:
    if number in frames:
        raise UsageError(f'{frame.label}: frame {number} exists twice, {frames[number].image} and {frame.image}')
    frames[number] = frame


def _find_images(folder: Path) -> Dict[int, Path]:
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: no such folder of images')
    images: Dict[int, Path] = {}
    for path in sorted(visible_files(folder, '.jpg', '.png')):
        number = _frame_number(path.name, path)
        if number in images:
            raise UsageError(f'{path}: frame {number} exists twice, also as {images[number].name}; remove one')
        images[number] = path
    return images


def read_coco(ann_file: Path, images: Path, classes: Classes, tracks: Tracks) -> Frames:
    """Return the frames of a json file in COCO's form.

    The track of an object is its ``track_id`` or ``instance_id``, which may stand in its ``attributes``, as label tools
    write it. Large objects are drawn first.

    Args:
        ann_file: The json file.
        images: Folder that the names of images are relative to.
        classes: The classes, which categories are matched with by name.
        tracks: Receives the objects.
    """
    data = read_annotations(ann_file, ('images', 'categories', 'annotations'))
    try:
        infos = {entry['id']: classes.find(entry['name'], ann_file) for entry in data['categories']}
        for ann in data['annotations']:
            ann.setdefault('area', 0)
        check_instances(data, list(infos), ann_file)
        by_image: Dict[Any, List[Drawn]] = {image['id']: [] for image in data['images']}
        for ann in sorted(data['annotations'], key=lambda ann: -ann['area']):
            info = infos[ann['category_id']]
            number = 0 if info is None or ann.get('iscrowd') else tracks.number(info, _track(ann))
            name = f'{ann_file}: the mask of annotation {ann["id"]}'
            by_image[ann['image_id']].append((info, number, ann['segmentation'], name))
        frames: Frames = {}
        for image in data['images']:
            size, drawn = (int(image['height']), int(image['width'])), by_image[image['id']]
            _put(
                frames,
                _frame_number(image['file_name'], ann_file),
                LabelledFrame(images / image['file_name'], ann_file, _painter(drawn, size, classes.label_space.void)),
            )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f'{ann_file}: an entry is not as in COCO ({error!r}); export the file again') from error
    return frames


def _track(ann: Dict[str, Any]) -> Optional[Hashable]:
    for source in (ann, ann.get('attributes') or {}):
        for key in ('track_id', 'instance_id'):
            if source.get(key) is not None:
                return source[key]
    return None


def _painter(drawn: List[Drawn], size: Tuple[int, int], void: int) -> Callable[[], np.ndarray]:
    return lambda: _paint(drawn, size, void)


def read_labelme(folder: Path, images: Path, classes: Classes, tracks: Tracks) -> Frames:
    """Return the frames of a folder with one json file of labelme per frame.

    Polygons and rectangles are drawn in their order. The track of an object is its ``group_id``.

    Args:
        folder: Folder of the json files.
        images: Folder of the images; a file has the frame number of its image.
        classes: The classes, which labels are matched with by name.
        tracks: Receives the objects.
    """
    files = sorted(folder.glob('*.json')) if folder.is_dir() else []
    if not files:
        raise FileNotFoundError(f'{folder}: no *.json of labelme in it')
    pictures = _find_images(images)
    frames: Frames = {}
    for path in files:
        number = _frame_number(path.name, path)
        if number not in pictures:
            raise FileNotFoundError(f'{path}: there is no image of frame {number} in {images}')
        _put(frames, number, _labelme_frame(path, pictures[number], classes, tracks))
    return frames


def _labelme_frame(path: Path, image: Path, classes: Classes, tracks: Tracks) -> LabelledFrame:
    document = read_json(path, 'shapes', 'imageHeight', 'imageWidth', what=_WHAT, remedy=_REMEDY)
    try:
        size = int(document['imageHeight']), int(document['imageWidth'])
        drawn: List[Drawn] = []
        for shape in document['shapes']:
            info = classes.find(shape['label'], path)
            number = 0 if info is None else tracks.number(info, shape.get('group_id'))
            drawn.append((info, number, [_outline(shape, path)], f'{path}: {shape["label"]!r}'))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f'{path}: a shape is not as labelme writes it ({error!r}). {_REMEDY}') from error
    return LabelledFrame(image, path, _painter(drawn, size, classes.label_space.void))


def _outline(shape: Dict[str, Any], path: Path) -> List[float]:
    """Return the corners of a shape as one list of x and y."""
    kind, points = shape.get('shape_type', 'polygon'), np.asarray(shape['points'], dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ValueError(f'{path}: the points of a {shape["label"]!r} are no pairs of numbers. {_REMEDY}')
    if kind == 'rectangle' and len(points) == 2:
        (left, top), (right, bottom) = points
        points = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    elif kind != 'polygon':
        raise UsageError(
            f'{path}: a {shape["label"]!r} is a {kind}; polygons and rectangles are converted, draw it as one of them'
        )
    if len(points) < 3:
        raise ValueError(f'{path}: a {shape["label"]!r} has {len(points)} points, a polygon has 3 or more. {_REMEDY}')
    return points.ravel().tolist()


def read_pairs(class_maps: Path, instance_maps: Path, images: Path) -> Frames:
    """Return the frames of two folders of gray PNGs: class maps of dataset ids, and instance maps of track ids."""
    classes, instances, pictures = (_find_images(folder) for folder in (class_maps, instance_maps, images))
    frames: Frames = {}
    for number, path in classes.items():
        for what, found, folder in (('instance map', instances, instance_maps), ('image', pictures, images)):
            if number not in found:
                raise FileNotFoundError(f'{path}: there is no {what} of frame {number} in {folder}')
        frames[number] = LabelledFrame(pictures[number], path, _pair_reader(path, instances[number]))
    return frames


def _pair_reader(classes: Path, instances: Path) -> Callable[[], np.ndarray]:
    return lambda: read_class_instance(classes, instances)


def read_panoptic(label_maps: Path, images: Path) -> Frames:
    """Return the frames of a folder of RGB label maps: R = class, 256 G + B = track."""
    labels, pictures = _find_images(label_maps), _find_images(images)
    alone = sorted(set(labels) - set(pictures))
    if alone:
        raise FileNotFoundError(f'{labels[alone[0]]}: there is no image of frame {alone[0]} in {images}')
    return {number: LabelledFrame(pictures[number], path, _rgb_reader(path)) for number, path in labels.items()}


def _rgb_reader(path: Path) -> Callable[[], np.ndarray]:
    return lambda: read_rgb_panoptic(path)


def without_instances_of_stuff(id_map: np.ndarray, label_space: LabelSpace) -> Tuple[np.ndarray, np.ndarray]:
    """Return class map and instance map of an id map, (H, W) int32 each; stuff has instance 0."""
    semantic = id_map >> ID_SHIFT
    instance = np.where(np.isin(semantic, label_space.thing_ids), id_map & ((1 << ID_SHIFT) - 1), 0)
    return semantic, instance
