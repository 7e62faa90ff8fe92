"""The words of COCO: run lengths, boxes, id maps in colours, and annotation files read with care."""

import json
import os
import os.path as osp
from typing import Any, Dict, Iterable, List, Sequence, Tuple

import numpy as np
from pycocotools import mask as mask_api

from knet.labels import ClassInfo, LabelSpace
from knet.structures import InstancePrediction, PanopticPrediction

Rle = Dict[str, Any]
#: By thing label: (n, 5) float32 boxes x0, y0, x1, y1, score, and n masks. What MMDetection's data sets call a result.
InstanceResult = Tuple[List[np.ndarray], List[List[Rle]]]


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
    boxes = mask_api.toBbox(rles) if rles else np.zeros((0, 4))
    boxes[:, 2:] += boxes[:, :2]
    rows = np.concatenate([boxes, np.asarray(scores).reshape(-1, 1)], axis=1).astype(np.float32)
    members = [np.flatnonzero(labels == label) for label in range(num_things)]
    return [rows[member] for member in members], [[rles[i] for i in member] for member in members]


def instance_result(prediction: InstancePrediction, label_space: LabelSpace) -> InstanceResult:
    """The instances of an image, which may overlap, sorted by class."""
    rles = [encode_mask(mask) for mask in prediction.masks]
    return _by_label(rles, prediction.scores, prediction.labels, label_space.num_things)


def thing_result(prediction: PanopticPrediction, label_space: LabelSpace) -> InstanceResult:
    """The things of a panoptic map with their scores, sorted by class."""
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
    """(H, W) ids below 2^24 as (H, W, 3) uint8, id = R + 256 G + 65536 B."""
    return np.stack([ids & 255, ids >> 8 & 255, ids >> 16 & 255], axis=-1).astype(np.uint8)


def rgb_to_ids(rgb: np.ndarray) -> np.ndarray:
    """Inverse of :func:`ids_to_rgb`, int32."""
    red, green, blue = (rgb[..., channel].astype(np.int32) for channel in range(3))
    return red | green << 8 | blue << 16


def read_annotations(path: str, sections: Sequence[str]) -> Dict[str, Any]:
    """Read a json file in COCO's form.

    Args:
        path: The file.
        sections: Lists that it must have.

    Returns:
        Its content.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no json or lacks a section.
    """
    try:
        with open(path, encoding='utf-8') as file:
            data = json.load(file)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise FileNotFoundError(
            f'{path}: no such annotation file. Check data_root and ann_file, and that the annotations are unpacked.'
        ) from error
    except ValueError as error:
        raise ValueError(f'{path}: damaged json ({error}). Unpack or make it again.') from error
    lacking = [name for name in sections if not isinstance(data, dict) or not isinstance(data.get(name), list)]
    if lacking:
        raise ValueError(
            f'{path}: no list {", ".join(lacking)} in it; this is not the json file of COCO form that is wanted here.'
        )
    return data


def match_categories(categories: Iterable[Dict[str, Any]], classes: Sequence[ClassInfo], path: str) -> Dict[int, int]:
    """Find the classes of a label space among the categories of a file, by name.

    Args:
        categories: Of the file: ``id``, ``name`` and, if panoptic, ``isthing``.
        classes: What is wanted.
        path: The file, for messages.

    Returns:
        Category id by dataset id, in the order of ``classes``.

    Raises:
        ValueError: If a category is unknown, absent or of the other kind.
    """
    found = {category['name']: category for category in categories}
    wanted = {info.name: info for info in classes}
    unknown, absent = sorted(set(found) - set(wanted)), [name for name in wanted if name not in found]
    if unknown or absent:
        raise ValueError(
            f'{path}: its categories are not those of the label space: '
            f'{_some(unknown)} unknown, {_some(absent)} absent. Name the right label_space in the data '
            'set config, or declare one with knet.labels.register_label_space.'
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


_INSTANCE_KEYS = ('id', 'image_id', 'category_id', 'bbox', 'area', 'segmentation')


def check_instances(data: Dict[str, Any], category_ids: Iterable[int], path: str) -> None:
    """Refuse instance annotations that would be lost or mixed up.

    Args:
        data: Content of an instance json.
        category_ids: Those that annotations may have.
        path: The file, for messages.

    Raises:
        ValueError: If ids repeat, a key is absent, or an annotation belongs to
            no image or to no category.
    """
    annotations = data['annotations']
    incomplete = [number for number, ann in enumerate(annotations) if any(key not in ann for key in _INSTANCE_KEYS)]
    if incomplete:
        raise ValueError(
            f'{path}: annotation number {incomplete[0]} lacks one of {", ".join(_INSTANCE_KEYS)} '
            f'({len(incomplete)} such). This is no instance annotation file.'
        )
    for what in ('images', 'annotations'):
        ids = [entry['id'] for entry in data[what]]
        if len(set(ids)) != len(ids):
            seen: set = set()
            twice = next(i for i in ids if i in seen or seen.add(i))
            raise ValueError(f'{path}: id {twice} is given to two {what}; ids must be unique. Number them anew.')
    images, known = {image['id'] for image in data['images']}, set(category_ids)
    for ann in annotations:
        if ann['image_id'] not in images:
            raise ValueError(f'{path}: annotation {ann["id"]} belongs to image {ann["image_id"]}, which is not listed.')
        if ann['category_id'] not in known:
            raise ValueError(
                f'{path}: annotation {ann["id"]} has category {ann["category_id"]}, which is not among '
                'the categories of the file.'
            )


def require_files(folder: str, names: Sequence[str], what: str) -> None:
    """Make sure that files exist; every folder is listed only once.

    Args:
        folder: Where ``names`` start.
        names: Relative paths.
        what: How the message calls them.

    Raises:
        FileNotFoundError: Naming the first that is missing and their number.
    """
    listings: Dict[str, set] = {}
    missing = []
    for name in names:
        parent, base = osp.split(osp.join(folder, name))
        if parent not in listings:
            listings[parent] = set(os.listdir(parent)) if osp.isdir(parent) else set()
        if base not in listings[parent]:
            missing.append(osp.join(parent, base))
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of {len(names)} {what} are missing, the first is {missing[0]}. '
            'Check data_root and the prefixes, and that the archives are unpacked completely.'
        )
