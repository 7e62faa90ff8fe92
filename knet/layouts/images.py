"""Image files of data sets, read with a check of their depth and channels."""

import cv2
import numpy as np

from knet.utils.io import PathLike, read_jpeg, read_png


def describe(array: np.ndarray) -> str:
    """Return depth and channels of an image, (H, W) or (H, W, C), in words, e.g. ``'8-bit RGB'``."""
    kind = 'gray' if array.ndim == 2 else {3: 'RGB', 4: 'RGBA'}[array.shape[2]]
    return f'{array.dtype.itemsize * 8}-bit {kind}'


def read_rgb_image(path: PathLike) -> np.ndarray:
    """Read an 8-bit colour image.

    Args:
        path: A PNG or JPEG file.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or has another depth or number of channels.
    """
    image = read_jpeg(path) if str(path).lower().endswith(('.jpg', '.jpeg')) else read_png(path)
    if image.dtype != np.uint8:
        raise ValueError(f'{path}: expected an 8-bit RGB image, found {image.dtype}. Convert it to 8 bits per channel.')
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f'{path}: expected 3 colour channels, found shape {image.shape}. Convert it to RGB.')
    return image


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
        ValueError: If it is not 16-bit gray.
    """
    array = read_gray(path)
    if array.dtype != np.uint16:
        raise ValueError(f'{path}: expected a 16-bit depth map (metres * 256), found {describe(array)}')
    return array.astype(np.float32) / 256


def read_rgb_ids(path: PathLike, meaning: str, reverse: bool = False) -> np.ndarray:
    """Read an 8-bit RGB PNG as numbers ``R + 256 G + 65536 B``.

    Args:
        path: PNG file.
        meaning: Meaning of the channels, for the error message.
        reverse: Read ``B + 256 G + 65536 R`` instead.

    Returns:
        (H, W) int32, 0..2^24-1.

    Raises:
        ValueError: If the file is damaged or not 8-bit RGB.
    """
    image = read_png(path)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f'{path}: expected an 8-bit RGB panoptic map ({meaning}), found {describe(image)}')
    # Three bytes and a zero are a little-endian number.
    pixels = cv2.cvtColor(image, cv2.COLOR_RGB2BGRA if reverse else cv2.COLOR_RGB2RGBA)
    pixels[..., 3] = 0
    return pixels.view('<i4')[..., 0]
