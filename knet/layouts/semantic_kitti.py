"""SemanticKITTI-DVPS on disk: the layout of KITTI-STEP with two gray label files per frame.

::

    ROOT/video_sequence/<split>/SSSSSS_FFFFFF_leftImg8bit.png            8-bit RGB image
    ROOT/video_sequence/<split>/SSSSSS_FFFFFF_gtFine_class.png           gray, class (255 = void)
    ROOT/video_sequence/<split>/SSSSSS_FFFFFF_gtFine_instance.png        gray, instance
    ROOT/video_sequence/<split>/SSSSSS_FFFFFF_depth_<focal length>.png   optional, 16 bit, metres * 256
"""

from typing import Tuple

import numpy as np

from knet.layouts.id_maps import join_id_map
from knet.layouts.images import read_gray
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.utils.io import PathLike


def read_class_instance(class_path: PathLike, instance_path: PathLike) -> np.ndarray:
    """Read a label map: two gray PNGs, class and instance.

    Returns:
        (H, W) int32 id map.

    Raises:
        ValueError: If a file is damaged or has colours, if a class does not fit into 8 bits, or if the sizes differ.
    """
    semantic, instance = read_gray(class_path), read_gray(instance_path)
    if semantic.shape != instance.shape:
        raise ValueError(f'{instance_path}: size {instance.shape} differs from {semantic.shape} of {class_path}')
    if semantic.size and semantic.max() > 255:
        raise ValueError(f'{class_path}: class {semantic.max()} found, classes lie in 0..255')
    return join_id_map(semantic, instance)


def encode_class_instance(semantic: np.ndarray, instance: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return the pixels of the two label files, the inverse of :func:`read_class_instance`.

    Args:
        semantic: (H, W) dataset class ids or void, 0..255.
        instance: (H, W) instance ids, 0..65535.

    Returns:
        (H, W) uint8 and (H, W) uint16.
    """
    return semantic.astype(np.uint8), instance.astype(np.uint16)


class SemanticKittiGroundTruth(KittiStepGroundTruth):
    """Videos in the layout of SemanticKITTI-DVPS; arguments are those of :class:`.base.VideoGroundTruth`."""

    label_space = 'semantic_kitti'
    default_root = 'data/kitti-dvps'
    label_endings = ('gtFine_class.png', 'gtFine_instance.png')
    depth_ending = 'depth*.png'
    decode = staticmethod(read_class_instance)
