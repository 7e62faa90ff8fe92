"""Limits on what a file may unpack to, so that a small file cannot fill the memory.

The sizes stand in the headers of files and are read before anything is unpacked. The limits lie far beyond what videos
and their results have.
"""

import struct
import zipfile
from typing import Optional, Tuple

from knet.utils.atomic import PathLike

#: Pixels of a picture: 16384 x 16384.
MAX_PIXELS = 1 << 28
#: Bytes that a file in an archive may always have, and times its packed size that a larger one may have.
MAX_FREE_BYTES, MAX_RATIO = 1 << 26, 200
_PNG, _JPEG = b'\x89PNG\r\n\x1a\n', b'\xff\xd8'


def check_picture(data: bytes, path: PathLike) -> None:
    """Refuse a picture with too many pixels, judged by its header.

    Args:
        data: Content of a PNG or JPEG file, or its beginning; other content passes.
        path: How errors call it.

    Raises:
        ValueError: If the picture has more than :data:`MAX_PIXELS` pixels.
    """
    size = picture_size(data)
    if size is not None and size[0] * size[1] > MAX_PIXELS:
        raise ValueError(
            f'{path}: a picture of {size[0]}x{size[1]} pixels; more than {MAX_PIXELS} would fill the memory. '
            'Get the file again, or scale it down'
        )


def picture_size(data: bytes) -> Optional[Tuple[int, int]]:
    """Return width and height in the header of a PNG or JPEG file; None if they cannot be found."""
    if data.startswith(_PNG) and len(data) >= 24:
        width, height = struct.unpack('>II', data[16:24])
        return width, height
    return _jpeg_size(data) if data.startswith(_JPEG) else None


def _jpeg_size(data: bytes) -> Optional[Tuple[int, int]]:
    """Return width and height in the frame header, the first segment of the kinds 0xC0..0xCF but three."""
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        kind = data[position + 1]
        if kind == 0xFF or kind == 0x01 or 0xD0 <= kind <= 0xD7:  # a fill byte, or a marker without content
            position += 1 if kind == 0xFF else 2
        elif 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack('>HH', data[position + 5 : position + 9])
            return width, height
        else:
            position += 2 + struct.unpack('>H', data[position + 2 : position + 4])[0]
    return None


def read_archived(path: PathLike, name: str) -> bytes:
    """Return the content of a file in a zip archive.

    Args:
        path: The archive.
        name: Name of the file in it.

    Raises:
        KeyError: If there is no such file in the archive.
        zipfile.BadZipFile: If the archive is damaged.
        ValueError: If the file would unpack to far more than what results of videos have.
    """
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(name)
        if info.file_size > max(MAX_FREE_BYTES, MAX_RATIO * info.compress_size):
            raise ValueError(
                f'{name} in it would unpack from {info.compress_size} to {info.file_size} bytes and fill the memory'
            )
        # No more is read than the header says.
        return archive.read(info)
