"""Id maps: the class and the instance of every pixel of a frame in one array.

An *id map* is one (H, W) int32 array of ``class << ID_SHIFT | instance``. Instance ids have at most 16 bits in every
supported encoding, so that ids of different classes are always different. Every layout decodes its label files to an
id map.
"""

from functools import partial
from typing import Any, Callable, Tuple

import numpy as np

from knet.labels import LabelSpace

#: Bits of the instance in an id map.
ID_SHIFT = 16


def split_id_map(id_map: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return the class map, (H, W) uint8, and the instance map, (H, W) int32, of an (H, W) int32 id map.

    >>> semantic, instance = split_id_map(np.array([[11 << ID_SHIFT | 5]], dtype=np.int32))
    >>> int(semantic[0, 0]), int(instance[0, 0])
    (11, 5)
    """
    return (id_map >> ID_SHIFT).astype(np.uint8), id_map & ((1 << ID_SHIFT) - 1)


def join_id_map(semantic: np.ndarray, instance: np.ndarray) -> np.ndarray:
    """Return the id map, (H, W) int32, of a class map and an instance map, (H, W) integers each."""
    return semantic.astype(np.int32) << ID_SHIFT | instance


def reader_in(decode: Callable[..., np.ndarray], label_space: LabelSpace) -> Callable[..., np.ndarray]:
    """Return a function like ``decode``, whose id maps are void where the label space leaves out the class.

    Args:
        decode: Function that returns an (H, W) int32 id map.
        label_space: The classes.
    """
    # A partial of module functions travels to other processes, which a closure does not.
    return partial(_read_in, decode, label_space) if label_space.left_out else decode


def _read_in(decode: Callable[..., np.ndarray], label_space: LabelSpace, *files: Any) -> np.ndarray:
    id_map = decode(*files)
    is_left_out = np.zeros(256, dtype=bool)
    is_left_out[[info.dataset_id for info in label_space.left_out]] = True
    return np.where(is_left_out[id_map >> ID_SHIFT & 255], label_space.void << ID_SHIFT, id_map).astype(np.int32)
