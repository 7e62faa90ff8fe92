"""Predictions as the server of KITTI-STEP takes them: ``final/SSSS/FFFFFF.png``, RGB = class, id // 256, id % 256."""

from pathlib import Path
from typing import Any, Callable, List

import numpy as np

from knet.results.exports.base import Exporter, no_tick, register_exporter
from knet.utils.io import PathLike, write_png_atomic


def encode_final(semantic: np.ndarray, instance: np.ndarray) -> np.ndarray:
    """Return a frame as the server reads it.

    Args:
        semantic: (H, W) integers, dataset class ids 0..255.
        instance: (H, W) integers, track ids 0..65535.

    Returns:
        (H, W, 3) uint8 RGB.

    >>> encode_final(np.array([[13]]), np.array([[258]])).tolist()
    [[[13, 1, 2]]]
    """
    # Wide enough for the division, whatever the maps are stored in.
    ids = instance.astype(np.uint16)
    return np.stack([semantic, ids // 256, ids % 256], axis=-1).astype(np.uint8)


def final_file(out_dir: PathLike, video_id: int, frame_id: int) -> Path:
    """Return the file of a frame in a result folder."""
    return Path(out_dir) / 'final' / f'{video_id:04d}' / f'{frame_id:06d}.png'


@register_exporter
class KittiStepExporter(Exporter):
    """Writes ``TARGET/final`` of predictions that are stored already."""

    name = 'kitti-step'

    def export(
        self, predictions: Any, truth: Any, target: PathLike, tick: Callable[[], object] = no_tick
    ) -> List[Path]:
        """Write one file per predicted frame; ``truth`` is not looked at, since the test split has none."""
        for video in predictions.videos():
            for frame in predictions.frames(video):
                write_png_atomic(final_file(target, video, frame), encode_final(*predictions.read(video, frame)))
                tick()
        return [Path(target) / 'final']
