"""Cityscapes on disk: train ids for STEP, and json files in COCO's form for panoptic segmentation.

For image F of sequence S of a city::

    ROOT/leftImg8bit/<split>/<city>/<city>_SSSSSS_FFFFFF_leftImg8bit.png        8-bit RGB image
    ROOT/gtFine/<split>/<city>/<city>_SSSSSS_FFFFFF_gtFine_polygons.json        outlines of the release
    ROOT/gtFine/<split>/<city>/<city>_SSSSSS_FFFFFF_gtFine_instanceIds.png      label id, or 1000 * label id + k
    ROOT/gtFine/<split>/<city>/<city>_SSSSSS_FFFFFF_gtFine_labelTrainIds.png    8 bit, train ids, 255 = void
    ROOT/gtFine/<split>/<city>/<city>_SSSSSS_FFFFFF_gtFine_instanceTrainIds.png 16 bit, 1000 * train id + k, or train id

A map of instances holds the bare class for stuff, for void and for groups of things, which are not counted.
"""

import re
from pathlib import Path
from typing import List, Tuple

import numpy as np

from knet.layouts.base import FrameRecord, Layout
from knet.layouts.files import list_files, require_folder
from knet.layouts.id_maps import ID_SHIFT
from knet.utils.io import PathLike, read_png

IMAGE = '_leftImg8bit.png'
FINE = '_gtFine'
POLYGONS = f'{FINE}_polygons.json'
INSTANCE_IDS = f'{FINE}_instanceIds.png'
#: Endings of the two label maps in train ids: classes, instances.
TRAIN_IDS = (f'{FINE}_labelTrainIds.png', f'{FINE}_instanceTrainIds.png')
PANOPTIC = f'{FINE}_panoptic.png'
#: Annotated images of the release.
EXPECTED = dict(train=2975, val=500)
_INSTANCES = 1000
_NAME = re.compile(rf'(.+)_(\d+)_(\d+){re.escape(IMAGE)}')


def image_folder(root: PathLike, split: str) -> str:
    """Return the folder that holds a folder of images per city."""
    return str(Path(root, 'leftImg8bit', split))


def label_folder(root: PathLike, split: str) -> str:
    """Return the folder that holds a folder of label files per city."""
    return str(Path(root, 'gtFine', split))


def panoptic_folder(root: PathLike, split: str) -> str:
    """Return the folder of the panoptic PNGs."""
    return str(Path(root, 'gtFine', f'cityscapes_panoptic_{split}'))


def json_files(root: PathLike, split: str) -> Tuple[str, str]:
    """Return the paths of the instance json and of the panoptic json."""
    folder = Path(root, 'annotations')
    return (
        str(folder / f'instancesonly_filtered_gtFine_{split}.json'),
        str(folder / f'cityscapes_panoptic_{split}.json'),
    )


def panoptic_id(image_name: str) -> str:
    """Return what the panoptic json calls an image.

    >>> panoptic_id('aachen/aachen_000000_000019_leftImg8bit.png')
    'aachen_000000_000019'
    """
    stem, ending = Path(image_name).stem, Path(IMAGE).stem
    return stem[: -len(ending)] if stem.endswith(ending) else stem


def class_of(value: int) -> int:
    """Return the class of a value in a map of instances.

    >>> class_of(26003), class_of(26)
    (26, 26)
    """
    return value // _INSTANCES if value >= _INSTANCES else value


def instance_value(class_id: int, number: int) -> int:
    """Return the value of instance ``number``, counted from 0, in a map of instances.

    >>> instance_value(26, 3)
    26003
    """
    return _INSTANCES * class_id + number


def encode_instances(classes: np.ndarray, instance: np.ndarray) -> np.ndarray:
    """Return the pixels of a map of instances.

    Args:
        classes: (H, W) label ids or train ids.
        instance: (H, W) instance ids that count from 1, 0 for stuff, void and groups.

    Returns:
        (H, W) uint16.
    """
    classes = classes.astype(np.int32)
    return np.where(instance > 0, _INSTANCES * classes + instance - 1, classes).astype(np.uint16)


def read_train_id_panoptic(semantic_path: PathLike, instance_path: PathLike) -> np.ndarray:
    """Read a label map in train ids, two PNGs: classes (8 bit) and instances (16 bit).

    Returns:
        (H, W) int32 id map; instances count from 1, groups have instance 0.

    Raises:
        ValueError: If a file has the wrong depth or the sizes differ.
    """
    semantic, instance = read_png(semantic_path), read_png(instance_path)
    if semantic.dtype != np.uint8 or semantic.ndim != 2:
        raise ValueError(
            f'{semantic_path}: expected an 8-bit single-channel PNG of train ids, found '
            f'{semantic.dtype} {semantic.shape}. Create it with csCreateTrainIdLabelImgs.'
        )
    if instance.dtype != np.uint16 or instance.ndim != 2:
        raise ValueError(
            f'{instance_path}: expected a 16-bit single-channel PNG, found {instance.dtype} '
            f'{instance.shape}. Create it with cityscapesscripts in trainIds mode.'
        )
    if semantic.shape != instance.shape:
        raise ValueError(f'{instance_path}: size {instance.shape} differs from {semantic.shape} of {semantic_path}.')
    instance = instance.astype(np.int32)
    id_map = semantic.astype(np.int32) << ID_SHIFT
    # k counts from 0 in the files; 0 means "no instance" in an id map.
    counted = instance >= _INSTANCES
    id_map[counted] = (instance[counted] // _INSTANCES << ID_SHIFT) + instance[counted] % _INSTANCES + 1
    return id_map


class CityscapesStep(Layout):
    """Cityscapes with label maps in train ids.

    Images are independent: each is the first frame of its own video; ``video_id`` numbers the images in sorted order.
    """

    label_space = 'kitti_step'
    default_root = 'data/cityscapes'
    decode = staticmethod(read_train_id_panoptic)

    @classmethod
    def list_frames(
        cls, root: PathLike, split: str, labelled: bool = True, every_frame: bool = False
    ) -> List[FrameRecord]:
        """List the images in order of city, sequence and frame; see :meth:`.base.Layout.list_frames`."""
        remedy = 'Set data_root to the Cityscapes folder that contains leftImg8bit/ and gtFine/.'
        images, labels = require_folder(image_folder(root, split), remedy), label_folder(root, split)
        if labelled:
            require_folder(labels, remedy)
        records: List[FrameRecord] = []
        for folder in sorted(path for path in Path(images).iterdir() if path.is_dir()):
            for name in list_files(folder, IMAGE):
                match = _NAME.fullmatch(name)
                if match is None:
                    raise ValueError(
                        f'{folder / name}: file name is not <city>_SSSSSS_FFFFFF{IMAGE}. Rename or remove it.'
                    )
                stem = str(Path(labels, folder.name, name[: -len(IMAGE)]))
                annotation = tuple(stem + ending for ending in TRAIN_IDS)
                records.append(
                    FrameRecord(len(records), int(match.group(3)), str(folder / name), annotation, is_first=True)
                )
        if not records:
            raise ValueError(
                f'{images}: no <city>/*{IMAGE} in it. The split {split!r} is empty: check data_root and split.'
            )
        return records
