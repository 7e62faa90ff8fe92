"""Frames to segment: a folder of pictures, a video file, a camera or a network stream."""

import re
from itertools import islice
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, List, Optional, Tuple, Union

import cv2
import numpy as np
import torch

from knet.layouts.files import natural_key, visible_files
from knet.utils.cli import UsageError
from knet.utils.io import read_picture
from knet.utils.spool import TensorSpool

_PICTURES = ('.png', '.jpg', '.bmp', '.webp')
_PICTURE_RATE = 10.0
# Containers that do not list their frames estimate the number from duration and rate, which may be one too many.
_MISCOUNTED = 1


def check_frame(frame: Any) -> None:
    """Raise an error for what is no frame.

    Raises:
        ValueError: If it is no (H, W, 3) uint8 array.
    """
    if not isinstance(frame, np.ndarray) or frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        found = f'{frame.dtype} {frame.shape}' if isinstance(frame, np.ndarray) else type(frame).__name__
        raise ValueError(
            f'a frame is a uint8 array (H, W, 3), got {found}; '
            'knet.apis.sources.open_source(path) reads videos and pictures'
        )


class FrameSource:
    """The frames of one video, to be read once. Iterating yields (H, W, 3) uint8 BGR frames of one size.

    A source that fails on its way raises its error *after* the frames before it.

    Args:
        name: Name for messages, which holds no password.
        frames: Function that opens the frames.
        fps: Frames per second.
        length: Expected number of frames; None if nobody knows.
        is_live: True for cameras and network streams, which end when they are stopped.
    """

    def __init__(
        self,
        name: str,
        frames: Callable[[], Iterator[np.ndarray]],
        fps: float,
        length: Optional[int] = None,
        is_live: bool = False,
    ) -> None:
        self.name = name
        self.fps = fps
        self.length = length
        self.is_live = is_live
        self._frames = frames
        self._stopped = False

    def stop(self) -> None:
        """End the source after the frame that is being read."""
        self._stopped = True

    def limit(self, count: int) -> None:
        """End the source after ``count`` frames."""
        every = self._frames
        self._frames = lambda: islice(every(), count)
        self.length = count if self.length is None else min(count, self.length)

    def __iter__(self) -> Iterator[np.ndarray]:
        shape: Optional[Tuple[int, ...]] = None
        for number, frame in enumerate(self._frames()):
            shape = shape or frame.shape
            if frame.shape != shape:
                raise ValueError(
                    f'{self.name}: frame {number} is {frame.shape[1]}x{frame.shape[0]}, those before are '
                    f'{shape[1]}x{shape[0]}. Bring all frames to one size, or segment the parts one by one.'
                )
            yield frame
            if self._stopped:
                return


def open_source(source: str) -> FrameSource:
    """Open what a user names: a folder of pictures, a picture, a video file, the number of a camera, or a URL.

    Pictures are taken in the order in which people count the numbers in their names, and are turned upright as their
    orientation tags say; so are videos.

    Raises:
        UsageError: If there is nothing of that name, or it cannot be decoded.
    """
    path = Path(source)
    if '://' in source:
        return _live(source, re.sub(r'://[^/@]*@', '://', source))
    if path.is_dir():
        files = sorted(visible_files(path, *_PICTURES), key=lambda file: natural_key(file.name))
        if not files:
            raise UsageError(f'{path}: no pictures ({", ".join(_PICTURES)}) in this folder')
        return _pictures(str(path), files)
    if path.is_file():
        # OpenCV would take one picture for the first of a numbered series.
        is_picture = path.suffix.lower() in (*_PICTURES, '.jpeg')
        return _pictures(str(path), [path]) if is_picture else _video_file(path)
    if source.isdigit():
        return _live(int(source), f'camera {source}')
    raise UsageError(f'{source}: no such folder, video or picture; a camera is a number, a network stream a URL')


def _pictures(name: str, files: List[Path]) -> FrameSource:
    def frames() -> Iterator[np.ndarray]:
        for file in files:
            yield np.ascontiguousarray(read_picture(file, upright=True)[..., ::-1])

    return FrameSource(name, frames, _PICTURE_RATE, len(files))


def _open(source: Union[int, str], name: str) -> Tuple[Any, np.ndarray]:
    """Return a capture and its first frame."""
    capture = cv2.VideoCapture(source)
    good, first = capture.read()
    if not good:
        raise UsageError(f'{name}: cannot be opened; it is no video, or damaged, or this OpenCV lacks its codec')
    return capture, first


def _read(capture: Any, first: np.ndarray) -> Iterator[np.ndarray]:
    good, frame = True, first
    try:
        while good:
            yield frame
            good, frame = capture.read()
    finally:
        capture.release()


def _video_file(path: Path) -> FrameSource:
    capture, first = _open(str(path), str(path))
    length = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))

    def frames() -> Iterator[np.ndarray]:
        count = 0
        for frame in _read(capture, first):
            yield frame
            count += 1
        if count < length - _MISCOUNTED:
            raise ValueError(
                f'{path}: only {count} of its {length} frames can be decoded, the file is cut short or damaged. Get it '
                'again; if it plays to the end, encode it anew.'
            )

    rate = float(capture.get(cv2.CAP_PROP_FPS))
    return FrameSource(str(path), frames, rate if 0 < rate < 1000 else _PICTURE_RATE, length if length > 0 else None)


def _live(source: Union[int, str], name: str) -> FrameSource:
    capture, first = _open(source, name)
    rate, length = float(capture.get(cv2.CAP_PROP_FPS)), int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    fps = rate if 0 < rate < 1000 else _PICTURE_RATE
    # A file on a server has a length.
    return FrameSource(name, lambda: _read(capture, first), fps, length if length > 0 else None, is_live=True)


class Salvage:
    """Frames up to the first that cannot be read, so that what is predicted from them can be kept.

    Args:
        frames: The frames. An error of the first of them is raised.

    Attributes:
        fault: The error that ended the frames; None if they ended well.
        count: Number of frames that were read.
    """

    def __init__(self, frames: Iterable[np.ndarray]) -> None:
        self._frames = frames
        self.fault: Optional[Exception] = None
        self.count = 0

    def __iter__(self) -> Iterator[np.ndarray]:
        try:
            for frame in self._frames:
                self.count += 1
                yield frame
        except (ValueError, OSError) as error:
            if not self.count:
                raise
            self.fault = error


class FrameSpool:
    """Frames in a temporary file: a clip model wants all of them before it predicts the first.

    Example::

        with FrameSpool() as spool:
            use(spool.record(frames))
            for frame in spool:
                ...
    """

    def __init__(self) -> None:
        self._frames = TensorSpool(torch.device('cpu'))

    def __enter__(self) -> 'FrameSpool':
        self._frames.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._frames.__exit__(*error)

    def record(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield (H, W, 3) uint8 frames, and keep them.

        Raises:
            ValueError: If one is no such array.
        """
        for frame in frames:
            check_frame(frame)
            self._frames.append(torch.tensor(np.ascontiguousarray(frame)))
            yield frame

    def __iter__(self) -> Iterator[np.ndarray]:
        return (frame.numpy() for frame in self._frames)
