"""Clips: GIF (plays everywhere) and MP4 (small)."""

from pathlib import Path
from typing import Iterable, List

import cv2
import numpy as np
from PIL import Image

from knet.utils.io import PathLike, atomic_path


def write_video(path: PathLike, frames: Iterable[np.ndarray], fps: float = 5.0) -> None:
    """Write frames as a clip; the suffix decides the format.

    Args:
        path: ``*.gif`` or ``*.mp4``; its folder is created.
        frames: (H, W, 3) uint8 RGB of one size.
        fps: Frames per second.

    Raises:
        ValueError: If the suffix is another one, there are no frames, or their sizes differ.
        RuntimeError: If OpenCV has no MP4 encoder here.
    """
    writers = {'.gif': _write_gif, '.mp4': _write_mp4}
    suffix = Path(path).suffix.lower()
    if suffix not in writers:
        raise ValueError(f'{path}: clips are written as .gif or .mp4, not {suffix or "without suffix"}')
    if fps <= 0:
        raise ValueError(f'{path}: frames per second must be positive, got {fps}')
    with atomic_path(path) as temporary:
        writers[suffix](str(temporary), _checked(path, frames), fps)


def _checked(path: PathLike, frames: Iterable[np.ndarray]) -> Iterable[np.ndarray]:
    shape = None
    for frame in frames:
        shape = shape or frame.shape
        if frame.shape != shape:
            raise ValueError(f'{path}: the frames of a clip must have one size, got {shape} and {frame.shape}')
        yield frame
    if shape is None:
        raise ValueError(f'{path}: a clip needs at least one frame')


def _write_gif(path: str, frames: Iterable[np.ndarray], fps: float) -> None:
    images = [Image.fromarray(np.ascontiguousarray(frame)) for frame in frames]
    # All frames share one palette because colours would flicker otherwise.
    sample: List[np.ndarray] = [np.asarray(image)[::3, ::3] for image in images[:: max(1, len(images) // 8)]]
    palette = Image.fromarray(np.concatenate(sample)).quantize(256)
    # 0 is the mode without dithering, whose pattern would flicker; its name depends on the version of Pillow.
    indexed = [image.quantize(palette=palette, dither=0) for image in images]
    indexed[0].save(
        path, save_all=True, append_images=indexed[1:], duration=max(20, round(1000 / fps)), loop=0, disposal=1
    )


def _write_mp4(path: str, frames: Iterable[np.ndarray], fps: float) -> None:
    writer = None
    try:
        for frame in frames:
            # Encoders take even sizes only.
            height, width = (side - side % 2 for side in frame.shape[:2])
            if writer is None:
                writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*'mp4v'), fps, (width, height))
                if not writer.isOpened():
                    raise RuntimeError(
                        'this OpenCV cannot write MP4 (no mp4v encoder); write a .gif instead or '
                        'install opencv-python from PyPI'
                    )
            writer.write(np.ascontiguousarray(frame[:height, :width, ::-1]))
    finally:
        if writer is not None:
            writer.release()
    if not Path(path).is_file() or Path(path).stat().st_size == 0:
        raise RuntimeError('OpenCV wrote no MP4 data; write a .gif instead')
