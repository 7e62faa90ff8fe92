"""Reading images and label maps of one frame, or of a key and its references.

A frame keeps **one** id map (:mod:`knet.layouts.id_maps`) from here to the
crop: it is resized, flipped and cropped as a segmentation field, and instance
masks are cut from it afterwards (:mod:`.instances`).
"""

from pathlib import Path
from typing import List, Tuple

import numpy as np
from mmdet.datasets.builder import PIPELINES
from mmdet.datasets.pipelines import LoadAnnotations

from knet.layouts.images import read_rgb_image
from knet.layouts.label_checks import check_classes, check_size
from knet.utils.io import PathLike, read_png

from .frame import Frame


def load_image(frame: Frame) -> Frame:
    """Read the image of a frame: sets ``img`` (H, W, 3) RGB uint8, ``img_shape``, ``ori_shape`` and ``img_fields``.

    Args:
        frame: Sample with ``filename``.
    """
    image = read_rgb_image(frame['filename'])
    frame.update(img=image, img_shape=image.shape, ori_shape=image.shape, img_fields=['img'])
    return frame


def load_labels(frame: Frame) -> Frame:
    """Read the label map of a frame with a loaded image: sets ``gt_id_map`` (H, W) int32 and ``seg_fields``.

    Args:
        frame: Sample with ``ann`` (tuple of paths), ``ann_reader`` (function from these paths to an id map) and
            ``label_space``, which the data set puts into it.

    Raises:
        ValueError: If the map and the image differ in size, or the map has classes outside the label space.
    """
    paths = frame['ann']
    id_map = frame['ann_reader'](*paths)
    check_size(id_map, frame['img_shape'][:2], paths[0], frame['filename'])
    check_classes(id_map, frame['label_space'], paths[0])
    frame.update(gt_id_map=id_map, seg_fields=['gt_id_map'])
    return frame


def read_stuff_map(path: PathLike, table: np.ndarray, size: Tuple[int, int], image: PathLike) -> np.ndarray:
    """Read a map of stuff in dataset ids.

    Args:
        path: 8-bit gray PNG.
        table: (256,) dataset id or void of every value, -1 for values that are impossible.
        size: Height and width of the image.
        image: The image, for the message.

    Returns:
        (H, W) uint8 dataset ids or void.

    Raises:
        ValueError: If the file is damaged, of another kind or size, or holds a value that means nothing.
    """
    values = read_png(path)
    if values.dtype != np.uint8 or values.ndim != 2:
        raise ValueError(
            f'{path}: expected an 8-bit single-channel PNG, found {values.dtype} {values.shape}. '
            'Make stuff maps with the converter of the data set, see DATASET.md.'
        )
    check_size(values, size, path, image)
    semantic = table.take(values)
    if semantic.min() < 0:
        raise ValueError(
            f'{path}: value {int(values[semantic < 0][0])} is no stuff class, nor void. Make stuff '
            'maps with the converter of the data set, see DATASET.md.'
        )
    return semantic.astype(np.uint8)


class _Transform:
    """A transform without options."""

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}()'


@PIPELINES.register_module()
class LoadImgDirect(_Transform):
    """Read the image of a frame, see :func:`load_image`. Normalise with ``to_rgb=False`` afterwards.

    Attributes:
        gives_rgb: Order of colours; a loader without this attribute gives BGR, as those of MMDetection.
    """

    gives_rgb = True

    def __call__(self, results: Frame) -> Frame:
        """Read one frame."""
        return load_image(results)


@PIPELINES.register_module()
class LoadMultiImagesDirect(_Transform):
    """Read the images of a key frame and its references, see :func:`load_image`."""

    gives_rgb = True

    def __call__(self, results: List[Frame]) -> List[Frame]:
        """Read every frame of the list.

        Raises:
            ValueError: If a reference differs from the key in size.
        """
        key, *references = frames = [load_image(frame) for frame in results]
        for frame in references:
            if frame['img_shape'] != key['img_shape']:
                raise ValueError(
                    f'{frame["filename"]}: size {frame["img_shape"][:2]} differs from '
                    f'{key["img_shape"][:2]} of {key["filename"]}. All frames of a video must '
                    'have one size.'
                )
        return frames


@PIPELINES.register_module()
class LoadAnnotationsDirect(_Transform):
    """Read the label map of a frame, see :func:`load_labels`."""

    def __call__(self, results: Frame) -> Frame:
        """Read one frame."""
        return load_labels(results)


@PIPELINES.register_module()
class LoadMultiAnnotationsDirect(_Transform):
    """Read the label maps of a key frame and its references, see :func:`load_labels`."""

    def __call__(self, results: List[Frame]) -> List[Frame]:
        """Read every frame of the list."""
        return [load_labels(frame) for frame in results]


@PIPELINES.register_module()
class LoadAnnotationsInstanceMasks(LoadAnnotationsDirect):
    """:class:`LoadAnnotationsDirect` under the name that Cityscapes-STEP pipelines use."""


@PIPELINES.register_module()
class LoadThingStuffAnnotations(LoadAnnotations):
    """Boxes, labels and masks of things as MMDetection loads them, and a map of stuff in dataset ids.

    Needs ``stuff_map_table``, which the data set puts into the sample. Sets ``gt_semantic_seg`` (H, W) uint8 beside
    MMDetection's keys.
    """

    def __init__(self) -> None:
        super().__init__(with_bbox=True, with_mask=True, with_seg=True)

    def _load_semantic_seg(self, results: Frame) -> Frame:
        path = Path(results['seg_prefix'], results['ann_info']['seg_map'])
        semantic = read_stuff_map(path, results['stuff_map_table'], results['img_shape'][:2], results['filename'])
        results['gt_semantic_seg'] = semantic
        results['seg_fields'].append('gt_semantic_seg')
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}()'
