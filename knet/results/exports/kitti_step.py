"""Predictions as the server of KITTI-STEP takes them: ``final/SSSS/FFFFFF.png``, RGB = class, id // 256, id % 256."""

from pathlib import Path
from typing import Any, List

from knet.layouts.kitti_step import encode_rgb_panoptic
from knet.results.exports.base import Exporter, Tick, no_tick, register_exporter
from knet.utils.io import PathLike, write_png_atomic


def final_file(out_dir: PathLike, video_id: int, frame_id: int) -> Path:
    """Return the file of a frame in a result folder."""
    return Path(out_dir) / 'final' / f'{video_id:04d}' / f'{frame_id:06d}.png'


@register_exporter
class KittiStepExporter(Exporter):
    """Writes ``TARGET/final`` of predictions that are stored already."""

    name = 'kitti-step'

    def export(self, predictions: Any, truth: Any, target: PathLike, tick: Tick = no_tick) -> List[Path]:
        """Write one file per predicted frame; ``truth`` is not looked at, since the test split has none."""
        for video in predictions.videos():
            for frame in predictions.frames(video):
                write_png_atomic(final_file(target, video, frame), encode_rgb_panoptic(*predictions.read(video, frame)))
                tick()
        return [Path(target) / 'final']
