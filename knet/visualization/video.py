"""Clips: GIF (plays everywhere) and MP4 (small).

An MP4 is H.264, which browsers play, where there is a program ``ffmpeg`` with that encoder: the one of the package
imageio-ffmpeg, or one on PATH. OpenCV alone writes MPEG-4 part 2, which most players know, but no browser.
"""

import errno
import importlib
import logging
import os
import shutil
import struct
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import IO, Callable, Iterable, Iterator, List, Optional, Tuple

import cv2
import numpy as np
from PIL import Image

from knet.utils.io import PathLike, atomic_path

_logger = logging.getLogger(__name__)
_BT709 = 'colorspace=bt709:color_primaries=bt709:color_trc=bt709'
_NO_SPACE = os.strerror(errno.ENOSPC)
#: Remaining bytes of a disk on which a short file is blamed on the disk.
_FULL = 1 << 16


def check_clip_name(path: PathLike) -> None:
    """Raise an error if the suffix of a clip is none that :func:`write_video` knows.

    Raises:
        ValueError: Naming the suffixes.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise ValueError(f'{path}: clips are written as .mp4 or .gif, not {suffix or "without suffix"}')


def write_video(path: PathLike, frames: Iterable[np.ndarray], fps: float = 5.0) -> None:
    """Write frames as a clip, complete or not at all; the suffix decides the format.

    Args:
        path: ``*.gif`` or ``*.mp4``; its folder is created.
        frames: (H, W, 3) uint8 RGB of one size.
        fps: Frames per second.

    Raises:
        ValueError: If the suffix is another one, there are no frames, or their sizes differ.
        OSError: If the disk is full.
        RuntimeError: If there is no MP4 encoder here, or it fails.
    """
    check_clip_name(path)
    if fps <= 0:
        raise ValueError(f'{path}: frames per second must be positive, got {fps}')
    with atomic_path(path) as temporary:
        _WRITERS[Path(path).suffix.lower()](temporary, _checked(path, frames), fps)


def _checked(path: PathLike, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    shape = None
    for frame in frames:
        shape = shape or frame.shape
        if frame.shape != shape:
            raise ValueError(f'{path}: the frames of a clip must have one size, got {shape} and {frame.shape}')
        yield frame
    if shape is None:
        raise ValueError(f'{path}: a clip needs at least one frame')


def _write_gif(path: Path, frames: Iterable[np.ndarray], fps: float) -> None:
    images = [Image.fromarray(np.ascontiguousarray(frame)) for frame in frames]
    # All frames share one palette because colours would flicker otherwise.
    sample: List[np.ndarray] = [np.asarray(image)[::3, ::3] for image in images[:: max(1, len(images) // 8)]]
    palette = Image.fromarray(np.concatenate(sample)).quantize(256)
    # 0 is the mode without dithering, whose pattern would flicker; its name depends on the version of Pillow.
    indexed = [image.quantize(palette=palette, dither=0) for image in images]
    indexed[0].save(
        str(path), save_all=True, append_images=indexed[1:], duration=max(20, round(1000 / fps)), loop=0, disposal=1
    )


def _write_mp4(path: Path, frames: Iterable[np.ndarray], fps: float) -> None:
    stream = iter(frames)
    first = next(stream)
    # Encoders take even sizes only.
    height, width = (side - side % 2 for side in first.shape[:2])
    if not height or not width:
        raise ValueError(f'{path}: an MP4 needs frames of at least 2x2 pixels, got {first.shape[1]}x{first.shape[0]}')
    program = h264_program()
    if program is None:
        _logger.warning(
            'no ffmpeg with an H.264 encoder (pip install imageio-ffmpeg brings one): this MP4 is MPEG-4 part 2, which '
            'browsers do not play'
        )
        encoder = _opencv_encoder(path, (width, height), fps)
    else:
        encoder = _ffmpeg_encoder(program, path, (width, height), fps)
    count = 0
    with encoder as write:
        for frame in chain([first], stream):
            write(np.ascontiguousarray(frame[:height, :width]))
            count += 1
    _check_mp4(path, count)


@lru_cache(maxsize=None)
def h264_program() -> Optional[str]:
    """Return the path of an ``ffmpeg`` that encodes H.264, None if there is none."""
    candidates = [shutil.which('ffmpeg')]
    with suppress(ImportError, RuntimeError):  # RuntimeError: a package without the program, on a rare system
        candidates.insert(0, importlib.import_module('imageio_ffmpeg').get_ffmpeg_exe())
    for program in filter(None, candidates):
        try:
            listed = subprocess.run(
                [program, '-hide_banner', '-encoders'], stdin=subprocess.DEVNULL, capture_output=True, timeout=60
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if b'libx264' in listed.stdout:
            return program
    return None


def _ffmpeg_command(program: str, path: Path, size: Tuple[int, int], fps: float) -> List[str]:
    """Return the command that encodes raw RGB frames of a size (width, height) from its standard input."""
    return [
        *(program, '-hide_banner', '-loglevel', 'error', '-y'),
        *('-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', f'{size[0]}x{size[1]}', '-r', str(fps), '-i', '-'),
        # Players take large videos without a note for BT.709, so the colours are converted to it, and the note is made.
        # New versions take it from the last filter, version 4 from the options of the output.
        *('-vf', f'scale=out_color_matrix=bt709:out_range=tv,setparams=range=tv:{_BT709}'),
        *('-color_range', 'tv', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'),
        *('-an', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-pix_fmt', 'yuv420p'),
        # The index comes first, so that a browser plays before it has the whole file.
        *('-movflags', '+faststart', str(path)),
    ]


@contextmanager
def _ffmpeg_encoder(
    program: str, path: Path, size: Tuple[int, int], fps: float
) -> Iterator[Callable[[np.ndarray], object]]:
    """Open an encoder and give the function that takes a frame."""
    with tempfile.TemporaryFile() as log:
        # In a session of its own it does not get the Ctrl-C that ends the program, which closes it in order.
        process = subprocess.Popen(
            _ffmpeg_command(program, path, size, fps),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        assert process.stdin is not None
        pipe = process.stdin

        def write(frame: np.ndarray) -> None:
            try:
                pipe.write(frame.data)
            except BrokenPipeError:
                process.wait()
                raise _failure(path, _end_of(log) or 'ffmpeg ended early') from None

        try:
            yield write
            with suppress(BrokenPipeError):  # the exit code tells
                pipe.close()
            if process.wait():
                raise _failure(path, _end_of(log) or f'ffmpeg ended with code {process.returncode}')
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            with suppress(BrokenPipeError):
                pipe.close()


def _end_of(log: IO[bytes]) -> str:
    log.seek(0)
    return ' | '.join(log.read().decode(errors='replace').strip().splitlines()[-3:])


@contextmanager
def _opencv_encoder(path: Path, size: Tuple[int, int], fps: float) -> Iterator[Callable[[np.ndarray], object]]:
    """Open an encoder and give the function that takes a frame."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), fps, size)
    try:
        if not writer.isOpened():
            raise RuntimeError(
                'this OpenCV cannot write MP4 (no mp4v encoder); write a .gif instead or install imageio-ffmpeg'
            )
        yield lambda frame: writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    finally:
        writer.release()


def _check_mp4(path: Path, count: int) -> None:
    """Raise an error if a clip lacks frames that were written, because OpenCV and some versions of ffmpeg do not."""
    clip = cv2.VideoCapture(str(path))
    found = int(clip.get(cv2.CAP_PROP_FRAME_COUNT)) if clip.isOpened() else 0
    if found != count or not _is_whole_mp4(path):
        raise _failure(path, f'it lists {found} of {count} frames, in {path.stat().st_size} bytes')


def _is_whole_mp4(path: Path) -> bool:
    """Return whether the parts of an MP4 end where the file ends; each part begins with its length."""
    size, position = path.stat().st_size, 0
    with path.open('rb') as file:
        while position < size:
            file.seek(position)
            length, kind = struct.unpack('>I4s', file.read(8).ljust(8, b'\0'))
            if length == 1:  # The length follows in eight bytes.
                length = int.from_bytes(file.read(8), 'big')
            if length < 8 or not kind.isalnum():
                return False
            position += length
    return position == size


def _failure(path: Path, reason: str) -> Exception:
    """Return the error for a clip that could not be written."""
    if _NO_SPACE in reason or shutil.disk_usage(str(path.parent)).free < _FULL:
        return OSError(errno.ENOSPC, _NO_SPACE, str(path))
    return RuntimeError(f'the MP4 is incomplete ({reason}); check disk and quota and write it again, or write a .gif')


_WRITERS = {'.gif': _write_gif, '.mp4': _write_mp4}
