"""Reading and writing files: PNG label maps and JSON; a file appears complete or not at all."""

import codecs
import json
import os
from pathlib import Path
from typing import Any, Dict, Optional

import cv2
import numpy as np

from knet.utils.atomic import PathLike, atomic_path
from knet.utils.limits import check_picture

# First bytes of the files of a kind, and bytes in their second half.
_MARKS = {'PNG': (b'\x89PNG\r\n\x1a\n', b'IEND'), 'JPEG': (b'\xff\xd8\xff', b'\xff\xd9')}
# Label maps are flat areas: without a filter they pack and unpack about twice as fast. Older OpenCV has no such choice.
_LABEL_MAP_OPTIONS = (
    [
        cv2.IMWRITE_PNG_COMPRESSION,
        3,
        cv2.IMWRITE_PNG_STRATEGY,
        cv2.IMWRITE_PNG_STRATEGY_DEFAULT,
        cv2.IMWRITE_PNG_FILTER,
        cv2.IMWRITE_PNG_FILTER_NONE,
    ]
    if hasattr(cv2, 'IMWRITE_PNG_FILTER')
    else []
)


def read_png(path: PathLike) -> np.ndarray:
    """Read a PNG file as it is.

    Args:
        path: File to read.

    Returns:
        (H, W) for gray, (H, W, 3) for RGB or (H, W, 4) for RGBA, uint8 or
        uint16 as stored.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file isn't a PNG, or is truncated or damaged.
    """
    return decode_png(read_bytes(path, 'PNG'), path)


def decode_png(data: bytes, path: PathLike) -> np.ndarray:
    """Return the array in the content of a PNG file.

    Args:
        data: The content.
        path: How errors call it.

    Returns:
        As :func:`read_png`.

    Raises:
        ValueError: If this is no PNG, or a truncated or damaged one.
    """
    image = _decode(data, path, 'PNG', cv2.IMREAD_UNCHANGED)
    if image.ndim == 3:
        code = cv2.COLOR_BGRA2RGBA if image.shape[2] == 4 else cv2.COLOR_BGR2RGB
        image = cv2.cvtColor(image, code)
    return image


def read_jpeg(path: PathLike) -> np.ndarray:
    """Read a colour JPEG file as it is stored, see :func:`read_picture`.

    Args:
        path: File to read.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file isn't a JPEG, or is truncated or damaged.
    """
    return _decode_colours(read_bytes(path, 'JPEG'), path, 'JPEG')


def read_picture(path: PathLike, upright: bool = False) -> np.ndarray:
    """Read a picture of any format that OpenCV knows as 8-bit colours.

    A camera may store a picture lying on its side and note in it (EXIF) how to turn it. One rule holds everywhere:
    where labels, or predictions that are compared with labels, belong to the file, the pixels count as they are stored,
    because label maps have no such note. Only pictures by themselves are turned upright.

    Args:
        path: File to read.
        upright: Turn the picture as its orientation tag says.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no picture, or is truncated or damaged.
    """
    data = read_bytes(path, 'image')
    kind = next((kind for kind, (start, _) in _MARKS.items() if data.startswith(start)), 'image')
    return _decode_colours(data, path, kind, upright)


def read_bytes(path: PathLike, kind: str) -> bytes:
    """Return the content of a file.

    Args:
        path: File to read.
        kind: What it should be, for the error.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    try:
        return Path(path).read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise FileNotFoundError(f'{path}: no such {kind} file') from error


def _decode_colours(data: bytes, path: PathLike, kind: str, upright: bool = False) -> np.ndarray:
    flags = cv2.IMREAD_COLOR if upright else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    return cv2.cvtColor(_decode(data, path, kind, flags), cv2.COLOR_BGR2RGB)


def _decode(data: bytes, path: PathLike, kind: str, flags: int) -> np.ndarray:
    """Return the pixels in the content of an image file that has the marks of its kind at its ends."""
    start, end = _MARKS.get(kind, (b'', b''))
    if not data or not data.startswith(start):
        raise ValueError(f'{path}: not a {kind} image ({len(data)} bytes); write it again or remove it')
    check_picture(data, path)
    # OpenCV may return what it could decode of a truncated file, so the end is looked for as well; programs that append
    # something to it exist, and so do thumbnails with an end of their own in the header.
    image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags) if end in data[len(data) // 2 :] else None
    if image is None:
        raise ValueError(f'{path}: truncated or damaged {kind} ({len(data)} bytes); write it again or remove it')
    return image


def write_jpeg_atomic(path: PathLike, array: np.ndarray, quality: int = 95) -> None:
    """Write an (H, W, 3) uint8 RGB array as a JPEG file, complete or not at all.

    Args:
        path: File to create or replace; its folder is created if missing.
        array: The picture.
        quality: 1..100.
    """
    _, encoded = cv2.imencode('.jpg', cv2.cvtColor(array, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    with atomic_path(path) as temporary:
        temporary.write_bytes(encoded.tobytes())


def write_png_atomic(path: PathLike, array: np.ndarray) -> None:
    """Write an array as a PNG file, complete or not at all.

    Args:
        path: File to create or replace; its folder is created if missing.
        array: (H, W), (H, W, 3) RGB or (H, W, 4) RGBA, uint8 or uint16.

    Raises:
        ValueError: If shape or dtype don't fit into a PNG.
    """
    write_bytes_atomic(path, encode_png(array, path))


def encode_png(array: np.ndarray, name: PathLike = 'array') -> bytes:
    """Return the content of a PNG file.

    Args:
        array: See :func:`write_png_atomic`.
        name: How errors call the array.

    Raises:
        ValueError: If shape or dtype don't fit into a PNG.
    """
    if array.dtype not in (np.uint8, np.uint16):
        raise ValueError(f'{name}: a PNG holds uint8 or uint16, not {array.dtype}')
    if array.ndim == 3 and array.shape[2] in (3, 4):
        array = cv2.cvtColor(array, cv2.COLOR_RGBA2BGRA if array.shape[2] == 4 else cv2.COLOR_RGB2BGR)
    elif array.ndim != 2:
        raise ValueError(f'{name}: a PNG holds (H, W), (H, W, 3) or (H, W, 4), not {array.shape}')
    return cv2.imencode('.png', array, _LABEL_MAP_OPTIONS if array.ndim == 2 else [])[1].tobytes()


def write_bytes_atomic(path: PathLike, content: bytes) -> None:
    """Write a file, complete or not at all; its folder is created if missing."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def read_text(path: PathLike, what: str = 'file', remedy: str = 'Get it again.') -> str:
    """Read a text file in UTF-8, or in UTF-16 with the byte-order mark that editors of Windows write.

    Args:
        path: File to read.
        what: What the file should be, for the errors.
        remedy: A sentence for the errors that says what to do.

    Returns:
        The text without byte-order mark.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file holds no text.
    """
    try:
        data = Path(path).read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise FileNotFoundError(f'{path}: no such {what}. {remedy}') from error
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode('utf-16' if wide else 'utf-8-sig')
    except ValueError as error:
        raise ValueError(f'{path}: damaged {what}, which must be text in UTF-8 ({error}). {remedy}') from error


def read_json(
    path: PathLike, *keys: str, what: str = 'JSON file', remedy: str = 'Write it again, or get it again.'
) -> Dict[str, Any]:
    """Read a JSON object.

    Args:
        path: File to read.
        keys: Keys that it must have.
        what: What the file should be, for the errors.
        remedy: A sentence for the errors that says what to do.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, holds no object or lacks a key.
    """
    text = read_text(path, what, remedy)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path}: damaged {what} ({error}). {remedy}') from error
    if not isinstance(document, dict):
        raise ValueError(f'{path}: holds no JSON object; it is no {what}. {remedy}')
    lacking = [key for key in keys if key not in document]
    if lacking:
        raise ValueError(f'{path}: has no {", ".join(map(repr, lacking))}; it is no {what}. {remedy}')
    return document


def write_json_atomic(path: PathLike, obj: Any, indent: Optional[int] = 2) -> None:
    """Write an object as JSON, complete or not at all.

    Numpy scalars and arrays become numbers and lists. NaN and infinity are
    refused because they aren't JSON; use None for undefined values.

    Args:
        path: File to create or replace; its folder is created if missing.
        obj: What to write.
        indent: Columns per level; None writes one line, which is fast.

    Raises:
        ValueError: If ``obj`` holds NaN or infinity.
        TypeError: If ``obj`` holds something JSON has no word for.
    """
    text = json.dumps(obj, indent=indent, allow_nan=False, default=_plain)
    with atomic_path(path) as temporary:
        temporary.write_text(text + '\n', encoding='utf-8')


def _plain(value: Any) -> Any:
    """Turn what the json module doesn't know into what it knows."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f'{type(value).__name__} cannot be written as JSON')
