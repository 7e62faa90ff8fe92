"""Clips that fit into a page: small enough to be sent by mail, and of a kind that browsers play."""

from pathlib import Path
from typing import Iterator, List, Sequence, Tuple

import cv2
import numpy as np
from PIL import Image, ImageSequence

from knet.labels import LabelSpace
from knet.layouts.base import VideoGroundTruth
from knet.results.panoptic_store import PredictionReader
from knet.utils.io import PathLike
from knet.visualization.frames import compare_video
from knet.visualization.overlay import shrink
from knet.visualization.report.pictures import Clip
from knet.visualization.video import h264_program, write_video

#: Bytes of all clips of a page together; in a page they take a third more.
CLIP_BYTES = 1_500_000
#: Widths that are tried until a clip is small enough, in pixels, and the frames of a drawn clip at most.
_WIDTHS, _MAX_FRAMES = (640, 480, 360, 240), 120


def draw_clips(
    predictions: PredictionReader,
    ground_truth: VideoGroundTruth,
    space: LabelSpace,
    videos: Sequence[Tuple[int, str]],
    folder: PathLike,
) -> List[Clip]:
    """Draw videos beside their ground truth, see :func:`~knet.visualization.frames.compare_frame`.

    Args:
        predictions: Stored predictions.
        ground_truth: Annotations with their images.
        space: Classes.
        videos: Video numbers with captions.
        folder: Folder for the clips.

    Returns:
        The clips, together at most :data:`CLIP_BYTES` unless the smallest size is larger.
    """
    share = CLIP_BYTES // max(1, len(videos))
    clips = []
    for video, caption in videos:
        every = -(-len(predictions.frames(video)) // _MAX_FRAMES)
        # Drawing takes longer than encoding, so it is done once: 120 frames of 640 pixels are about 140 MB.
        frames = list(compare_video(predictions, ground_truth, space, video, every, _WIDTHS[0]))
        clips.append(Clip(_small_clip(Path(folder) / str(video), frames, share), caption))
    return clips


def fitting_clips(paths: Sequence[PathLike], folder: PathLike) -> List[Clip]:
    """Encode clips anew if they are too large together, or if a browser does not play one with controls.

    Args:
        paths: GIF and MP4 files.
        folder: Folder for the new clips.

    Returns:
        Clips with the names of the files as captions.
    """
    files = [Path(path) for path in paths]
    exist = all(path.is_file() for path in files)
    small = exist and sum(path.stat().st_size for path in files) <= CLIP_BYTES
    if not exist or (small and all(map(_is_h264, files))):
        return [Clip(path) for path in files]  # What is missing is an error where it is embedded.
    share = CLIP_BYTES // len(files)
    return [
        Clip(_small_clip(Path(folder) / f'{number}_{path.stem}', list(_read_clip(path, _WIDTHS[0])), share), path.name)
        for number, path in enumerate(files)
    ]


def _small_clip(stem: Path, frames: Sequence[np.ndarray], share: int) -> Path:
    """Write the widest clip that has at most ``share`` bytes; H.264 if there is an encoder, else a GIF."""
    path = stem.with_name(stem.name + ('.mp4' if h264_program() else '.gif'))
    for width in _WIDTHS:
        write_video(path, (shrink(frame, width) for frame in frames))
        if path.stat().st_size <= share:
            break
    return path


def _is_h264(path: Path) -> bool:
    return path.suffix.lower() == '.mp4' and b'avc1' in path.read_bytes()


def _read_clip(path: Path, width: int) -> Iterator[np.ndarray]:
    """Yield the frames of a GIF or MP4 file, (H, W, 3) uint8 RGB, at most ``width`` pixels wide."""
    if path.suffix.lower() == '.gif':
        with Image.open(str(path)) as clip:
            for frame in ImageSequence.Iterator(clip):
                yield shrink(np.asarray(frame.convert('RGB')), width)
        return
    capture = cv2.VideoCapture(str(path))
    try:
        while True:
            found, frame = capture.read()
            if not found:
                return
            yield shrink(frame[..., ::-1], width)
    finally:
        capture.release()
