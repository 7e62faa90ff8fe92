"""COCO on disk: file names, run lengths, boxes, id maps in colours, and annotation files read with checks.

::

    ROOT/<split>/<12 digits>.jpg                     images
    ROOT/annotations/instances_<split>.json          instances as run lengths or polygons
    ROOT/annotations/panoptic_<split>.json           segments of the panoptic maps
    ROOT/panoptic_<split>/<12 digits>.png            panoptic maps: id of the segment = R + 256 G + 65536 B
    ROOT/panoptic_stuff_<split>/<12 digits>.png      stuff in ascending category id: 1..53; 0 = thing, 255 = void
"""

from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np
from pycocotools import mask as mask_api

from knet.labels import ClassInfo, LabelSpace
from knet.layouts.entries import check_entries, check_ids, check_references, first_duplicate
from knet.layouts.masks import Rle, check_masks, is_absent, mask_areas, mask_boxes, read_masks
from knet.structures import InstancePrediction, PanopticPrediction
from knet.utils.io import PathLike, read_json

#: The result of an image in MMDetection: (n, 5) float32 boxes x0, y0, x1, y1, score, and n masks by thing label.
InstanceResult = Tuple[List[np.ndarray], List[List[Rle]]]


def json_file(root: PathLike, kind: str, split: str) -> str:
    """Return the annotation file of a split; ``kind`` is ``'instances'`` or ``'panoptic'``."""
    return str(Path(root, 'annotations', f'{kind}_{split}.json'))


def panoptic_folder(root: PathLike, split: str) -> str:
    """Return the folder of the panoptic maps of a split."""
    return str(Path(root, f'panoptic_{split}'))


def stuff_folder(root: PathLike, split: str) -> str:
    """Return the folder of the maps of stuff of a split."""
    return str(Path(root, f'panoptic_stuff_{split}'))


def png_name(image_name: str) -> str:
    """Return the name of the map of an image.

    >>> png_name('train2017/000000000009.jpg')
    'train2017/000000000009.png'
    """
    return str(Path(image_name).with_suffix('.png'))


def result_names(image_names: Sequence[str]) -> List[str]:
    """Return the names of the PNGs of results, which differ if the images do.

    Base names suffice as a rule. Images of equal base names keep their folders, and where even these names differ only
    in their ending, that as well.

    >>> result_names(['ulm/1.jpg', 'ulm/2.b.jpg'])
    ['1.png', '2.b.png']
    >>> result_names(['ulm/1.jpg', 'bonn/1.jpg'])
    ['ulm/1.png', 'bonn/1.png']
    """
    different = len(set(image_names))
    candidates = ([png_name(Path(name).name) for name in image_names], [png_name(name) for name in image_names])
    fitting = [names for names in candidates if len(set(names)) == different]
    return fitting[0] if fitting else [f'{name}.png' for name in image_names]


def stuff_values(label_space: LabelSpace) -> Dict[int, int]:
    """Return the value in a map of stuff by dataset id: 0 for things, stuff counts from 1 in ascending dataset id."""
    values = dict.fromkeys(label_space.thing_ids, 0)
    values.update({dataset_id: number for number, dataset_id in enumerate(label_space.stuff_ids, 1)})
    return values


def encode_mask(mask: np.ndarray) -> Rle:
    """Run-length encode a mask.

    Args:
        mask: (H, W) bool; fast if its columns are contiguous.

    Returns:
        ``size`` [H, W] and ``counts``, a text.
    """
    rle = mask_api.encode(np.asfortranarray(mask, dtype=np.uint8))
    return dict(size=[int(side) for side in rle['size']], counts=rle['counts'].decode())


def _by_label(rles: List[Rle], scores: np.ndarray, labels: np.ndarray, num_things: int) -> InstanceResult:
    boxes = mask_boxes(rles)
    boxes[:, 2:] += boxes[:, :2]
    rows = np.concatenate([boxes, np.asarray(scores).reshape(-1, 1)], axis=1).astype(np.float32)
    members = [np.flatnonzero(labels == label) for label in range(num_things)]
    return [rows[member] for member in members], [[rles[i] for i in member] for member in members]


def instance_result(prediction: InstancePrediction, label_space: LabelSpace) -> InstanceResult:
    """Return the instances of an image, which may overlap, sorted by class."""
    rles = [encode_mask(mask) for mask in prediction.masks]
    return _by_label(rles, prediction.scores, prediction.labels, label_space.num_things)


def thing_result(prediction: PanopticPrediction, label_space: LabelSpace) -> InstanceResult:
    """Return the things of a panoptic map with their scores, sorted by class."""
    things = [segment for segment in prediction.segments if segment.is_thing]
    # Runs go down the columns.
    panoptic = np.asfortranarray(prediction.panoptic)
    labels = label_space.model_classes[np.array([thing.category for thing in things], dtype=np.int64)]
    return _by_label(
        [encode_mask(panoptic == thing.id) for thing in things],
        np.array([thing.score for thing in things]),
        labels,
        label_space.num_things,
    )


def ids_to_rgb(ids: np.ndarray) -> np.ndarray:
    """Return (H, W) ids below 2^24 as (H, W, 3) uint8, id = R + 256 G + 65536 B.

    >>> ids_to_rgb(np.array([[1 + 256 * 2 + 65536 * 3]])).tolist()
    [[[1, 2, 3]]]
    """
    return np.stack([ids & 255, ids >> 8 & 255, ids >> 16 & 255], axis=-1).astype(np.uint8)


def rgb_to_ids(rgb: np.ndarray) -> np.ndarray:
    """Return the (H, W) int32 ids of an (H, W, 3) uint8 array, the inverse of :func:`ids_to_rgb`."""
    red, green, blue = (rgb[..., channel].astype(np.int32) for channel in range(3))
    return red | green << 8 | blue << 16


def read_annotations(path: PathLike, sections: Sequence[str], optional: Sequence[str] = ()) -> Dict[str, Any]:
    """Read a json file in COCO's form.

    Args:
        path: The file.
        sections: Keys of the lists that the file must have.
        optional: Keys of lists that it may have.

    Returns:
        The content of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no json, lacks a section, or its categories are incomplete or repeat.
    """
    what = 'annotation file'
    remedy = 'Check data_root and ann_file, and that the annotations are unpacked completely.'
    data = read_json(path, *sections, what=what, remedy=remedy)
    present = [name for name in optional if data.get(name) is not None]
    wrong = [name for name in (*sections, *present) if not isinstance(data[name], list)]
    if wrong:
        raise ValueError(f'{path}: {wrong[0]!r} is no list; it is no {what}. {remedy}')
    if 'categories' in sections:
        check_entries(data, 'categories', path, ('id', 'name'), ('isthing',), what)
        check_ids(data, 'categories', path)
    return data


def check_names(categories: Iterable[Dict[str, Any]], path: PathLike) -> None:
    """Raise an error if two categories have one name, because classes are found by their names.

    Args:
        categories: Categories of the file.
        path: The file, for messages.

    Raises:
        ValueError: Naming one.
    """
    duplicate = first_duplicate(categories, 'name')
    if duplicate is not None:
        raise ValueError(
            f'{path}: two categories are called {duplicate!r}, and classes are found by their names. Give one of them '
            'another name, or give all its annotations to the other.'
        )


def match_categories(
    categories: Iterable[Dict[str, Any]],
    classes: Sequence[ClassInfo],
    path: PathLike,
    left_out: Sequence[ClassInfo] = (),
) -> Dict[int, int]:
    """Find the classes of a label space among the categories of a file, by name.

    Args:
        categories: Categories of the file: ``id``, ``name`` and, if panoptic, ``isthing``.
        classes: Classes that are wanted.
        path: The file, for messages.
        left_out: Classes that the file may have and that are not wanted.

    Returns:
        Category id by dataset id, in the order of ``classes``.

    Raises:
        ValueError: If a category is unknown, absent or of the other kind, or two have one name.
    """
    categories = list(categories)
    check_names(categories, path)
    found = {category['name']: category for category in categories}
    wanted = {info.name: info for info in classes}
    unknown = sorted(set(found) - set(wanted) - {info.name for info in left_out})
    absent = [name for name in wanted if name not in found]
    if unknown or absent:
        raise ValueError(
            f'{path}: its categories are not those of the label space: '
            f'{_some(unknown)} unknown, {_some(absent)} absent. Name the right label_space in the data '
            'set config; a json file with the categories can be one, see DATASET.md.'
        )
    for name, info in wanted.items():
        if bool(found[name].get('isthing', info.is_thing)) != info.is_thing:
            raise ValueError(
                f'{path}: category {name!r} is {"stuff" if info.is_thing else "a thing"} here, but not in '
                'the label space.'
            )
    return {info.dataset_id: found[name]['id'] for name, info in wanted.items()}


def _some(names: Sequence[Any]) -> str:
    if not names:
        return 'none'
    return ', '.join(str(name) for name in names[:3]) + (f', ... ({len(names)} in all)' if len(names) > 3 else '')


_INSTANCE_KEYS = ('id', 'image_id', 'category_id', 'segmentation')


def check_instances(data: Dict[str, Any], category_ids: Iterable[int], path: PathLike) -> None:
    """Raise an error for instance annotations that would be lost or mixed up; masks are not looked at.

    Args:
        data: Content of an instance json.
        category_ids: Category ids that annotations may have.
        path: The file, for messages.

    Raises:
        ValueError: If ids repeat, a key is absent or its value of the wrong kind, or an annotation belongs to no image
            or to no category.
    """
    check_entries(data, 'annotations', path, _INSTANCE_KEYS, ('area', 'bbox', 'iscrowd', 'instance_id', 'video_id'))
    check_entries(data, 'images', path, ('id', 'file_name', 'height', 'width'))
    for what in ('images', 'annotations'):
        check_ids(data, what, path)
    images = {image['id'] for image in data['images']}
    check_references(data['annotations'], 'image_id', images, set(category_ids), path)


def visible_instances(data: Dict[str, Any], path: PathLike, compress: bool = False) -> List[Dict[str, Any]]:
    """Check the masks of instance annotations, and return the annotations that have one.

    Args:
        data: Content of an instance json that :func:`check_instances` accepts; annotations are completed in place.
        path: The file, for messages.
        compress: Replace the segmentations by compressed run lengths.

    Returns:
        The annotations. ``area`` in pixels, ``bbox`` and ``iscrowd`` are filled in where they are absent, ``area`` also
        where it is 0: training leaves out objects without area.

    Raises:
        ValueError: If a mask is damaged or does not fit its image.
    """
    size_of = {image['id']: (image['height'], image['width']) for image in data['images']}
    annotations = [ann for ann in data['annotations'] if not is_absent(ann['segmentation'])]

    def name(position: int) -> str:
        return f'{path}: the mask of annotation {annotations[position]["id"]}'

    if compress:
        for ann, mask in zip(annotations, read_masks(*_masks_of(annotations, size_of), name)):
            ann['segmentation'] = mask
    else:
        check_masks(*_masks_of(annotations, size_of), name)
    for ann in annotations:
        ann['iscrowd'] = int(ann.get('iscrowd', 0))
    incomplete = [ann for ann in annotations if not ann.get('area') or lacks_box(ann.get('bbox'))]
    measure_masks(incomplete, read_masks(*_masks_of(incomplete, size_of), str))
    return annotations


def _masks_of(
    annotations: Sequence[Dict[str, Any]], size_of: Dict[Any, Tuple[int, int]]
) -> Tuple[List[Any], List[Tuple[int, int]]]:
    return [ann['segmentation'] for ann in annotations], [size_of[ann['image_id']] for ann in annotations]


def lacks_box(box: Optional[List[float]]) -> bool:
    """Return whether an annotation gives no box: none, an empty list, or one without width and height."""
    return not box or not any(box[2:])


def measure_masks(annotations: Sequence[Dict[str, Any]], masks: Sequence[Any]) -> None:
    """Fill in ``area`` and ``bbox`` of annotations where they are absent or 0.

    Args:
        annotations: n annotations, changed in place.
        masks: Their compressed run lengths.
    """
    for ann, area, box in zip(annotations, mask_areas(masks), mask_boxes(masks)):
        if not ann.get('area'):
            ann['area'] = int(area)
        if lacks_box(ann.get('bbox')):
            ann['bbox'] = box.tolist()
