"""Label files of video data sets, decoded. Data sets and evaluators read them with these functions.

An *id map* is one (H, W) int32 array of ``class << ID_SHIFT | instance``.
Instance ids have 16 bits in every supported encoding, so classes never collide.
"""

from functools import lru_cache
from typing import Tuple

import cv2
import numpy as np

from knet.labels import VIPSEG
from knet.labels.vipseg import VIPSEG_CATEGORIES
from knet.utils.io import PathLike, read_png

#: Bits of the instance in an id map.
ID_SHIFT = 16
_VIPSEG_VOID = (0, 200)
_VIPSEG_INSTANCES = 100


def split_id_map(id_map: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Class map (H, W) uint8 and instance map (H, W) int32 of an id map."""
    return (id_map >> ID_SHIFT).astype(np.uint8), id_map & ((1 << ID_SHIFT) - 1)


def describe(array: np.ndarray) -> str:
    """Depth and channels of an image in words, e.g. ``'8-bit RGB'``."""
    kind = 'gray' if array.ndim == 2 else {3: 'RGB', 4: 'RGBA'}[array.shape[2]]
    return f'{array.dtype.itemsize * 8}-bit {kind}'


def read_gray(path: PathLike) -> np.ndarray:
    """Read a gray PNG.

    Returns:
        (H, W) uint8 or uint16 as stored.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or has colours.
    """
    array = read_png(path)
    if array.ndim != 2:
        raise ValueError(f'{path}: expected a gray label map of 8 or 16 bits, found {describe(array)}')
    return array


def read_depth(path: PathLike) -> np.ndarray:
    """Read a depth map stored as 16-bit PNG of metres * 256.

    Returns:
        (H, W) float32 metres, 0 where unknown.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it isn't 16-bit gray.
    """
    array = read_gray(path)
    if array.dtype != np.uint16:
        raise ValueError(f'{path}: expected a 16-bit depth map (metres * 256), found {describe(array)}')
    return array.astype(np.float32) / 256


def read_rgb_ids(path: PathLike, meaning: str) -> np.ndarray:
    """Read an 8-bit RGB PNG as numbers ``R + 256 G + 65536 B``, (H, W) int32.

    Args:
        path: PNG file.
        meaning: What the channels hold, for the error.

    Raises:
        ValueError: If the file is damaged or not 8-bit RGB.
    """
    image = read_png(path)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f'{path}: expected an 8-bit RGB panoptic map ({meaning}), found {describe(image)}')
    return _bytes_as_ids(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA))


def _bytes_as_ids(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 4) uint8 as little-endian numbers of the first three bytes."""
    pixels[..., 3] = 0
    return pixels.view('<i4')[..., 0]


def read_rgb_panoptic(path: PathLike) -> np.ndarray:
    """Read a KITTI-STEP label map: R = class, 256 G + B = instance.

    Args:
        path: An 8-bit RGB PNG.

    Returns:
        (H, W) int32 id map.

    Raises:
        ValueError: If the file is damaged or not 8-bit RGB.
    """
    image = read_png(path)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f'{path}: expected an 8-bit RGB panoptic map (R = class, 256 G + B = instance), found {describe(image)}'
        )
    # Bytes B, G, R, 0 are the little-endian number class << 16 | 256 G + B.
    return _bytes_as_ids(cv2.cvtColor(image, cv2.COLOR_RGB2BGRA))


def read_class_instance(class_path: PathLike, instance_path: PathLike) -> np.ndarray:
    """Read a SemanticKITTI-DVPS label map: two gray PNGs, class and instance.

    Returns:
        (H, W) int32 id map.

    Raises:
        ValueError: If a file is damaged or has colours, if a class doesn't fit
            into 8 bits, or if the sizes differ.
    """
    semantic, instance = read_gray(class_path), read_gray(instance_path)
    if semantic.shape != instance.shape:
        raise ValueError(f'{instance_path}: size {instance.shape} differs from {semantic.shape} of {class_path}')
    if semantic.size and semantic.max() > 255:
        raise ValueError(f'{class_path}: class {semantic.max()} found, classes lie in 0..255')
    return semantic.astype(np.int32) << ID_SHIFT | instance


@lru_cache(maxsize=None)
def _vipseg_table() -> np.ndarray:
    """(65536,) int32: id of every VIPSeg pixel value, -1 for values that mean nothing."""
    dataset_id = {info.name: info.dataset_id for info in VIPSEG.classes}
    table = np.full(1 << 16, -1, dtype=np.int32)
    for category, (name, is_thing, _) in enumerate(VIPSEG_CATEGORIES):
        code = dataset_id[name] << ID_SHIFT
        if is_thing:
            first = (category + 1) * _VIPSEG_INSTANCES
            # Files count instances from 0; in an id map 0 means "no instance".
            table[first : first + _VIPSEG_INSTANCES] = code + 1 + np.arange(_VIPSEG_INSTANCES)
        else:
            table[category + 1] = code
    table[list(_VIPSEG_VOID)] = VIPSEG.void << ID_SHIFT
    return table


def decode_vipseg(raw: np.ndarray, name: PathLike) -> np.ndarray:
    """Turn VIPSeg pixel values into an id map.

    0 and 200 are void, ``category + 1`` is stuff, ``(category + 1) * 100 + k``
    is the thing of instance k + 1.

    Args:
        raw: Array of uint16.
        name: The file, for the error.

    Returns:
        int32 id map of the same shape.

    Raises:
        ValueError: If a value means nothing.
    """
    id_map = _vipseg_table().take(raw)
    if id_map.size and id_map.min() < 0:
        raise ValueError(
            f'{name}: value {raw[id_map < 0][0]} is no VIPSeg label (category + 1 for stuff, '
            '(category + 1) * 100 + instance for things, 0 or 200 for void); get the file again'
        )
    return id_map


def read_vipseg_panoptic(path: PathLike) -> np.ndarray:
    """Read a VIPSeg label map (``panomasks``), see :func:`decode_vipseg`.

    Args:
        path: A 16-bit gray PNG.

    Returns:
        (H, W) int32 id map.

    Raises:
        ValueError: If the file is damaged, not 16-bit gray, or holds a value
            that means nothing.
    """
    raw = read_png(path)
    if raw.dtype != np.uint16 or raw.ndim != 2:
        raise ValueError(
            f'{path}: expected a 16-bit gray label map, found {describe(raw)}; use the panomasks folder '
            'of the release, not panomasksRGB or a conversion to 8 bits'
        )
    return decode_vipseg(raw, path)
