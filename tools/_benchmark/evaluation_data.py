"""A made-up data set with predictions, of any size, for measuring the evaluators."""

from pathlib import Path
from typing import Tuple

import cv2
import numpy as np

from knet.labels import KITTI_STEP
from knet.layouts.kitti_step import encode_rgb_panoptic
from knet.results.panoptic_store import PredictionWriter
from knet.utils.io import PathLike, write_png_atomic

_THINGS_PER_FRAME = 12


def make_evaluation_fixture(
    root: PathLike, videos: int = 2, frames: int = 100, height: int = 376, width: int = 1241, seed: int = 0
) -> Tuple[Path, Path]:
    """Write ground truth and imperfect predictions in the KITTI-STEP layout.

    Ragged stuff regions drift by, things move across them. Predictions are
    the ground truth with displaced borders and ids that change on the way.

    Args:
        root: Folder to write into.
        videos: Number of videos.
        frames: Frames per video.
        height: Height of the label maps in pixels.
        width: Width of the label maps in pixels.
        seed: Seed of the random world; the same seed gives the same files.

    Returns:
        The prediction folder and the ground-truth folder.
    """
    results, truth = Path(root) / 'predictions', Path(root) / 'ground_truth'
    with PredictionWriter(results, meta=dict(fixture=seed), resume=False) as writer:
        for video in range(videos):
            world = _World(np.random.RandomState(seed + video), height, width, frames)
            for frame in range(frames):
                semantic, instance = world.draw(frame)
                name = f'video_sequence/val/{video:06d}_{frame:06d}_panoptic.png'
                write_png_atomic(truth / name, encode_rgb_panoptic(semantic, instance))
                writer.write(video, frame, *world.predict(semantic, instance, frame))
            writer.finish_video(video, frames)
    return results, truth


class _World:
    """Stuff regions and moving ellipses; see :func:`make_evaluation_fixture`."""

    def __init__(self, rng: np.random.RandomState, height: int, width: int, frames: int) -> None:
        self.shape, self.rng = (height, width), rng
        stuff = np.array((*KITTI_STEP.stuff_ids, KITTI_STEP.void), dtype=np.uint8)
        cells = stuff[rng.randint(0, len(stuff), (8, 24))]
        panorama = cv2.resize(cells, (width + 2 * frames, height), interpolation=cv2.INTER_NEAREST)
        rows, columns = np.mgrid[:height, : panorama.shape[1]].astype(np.float32)
        waves = 20 * cv2.GaussianBlur(rng.standard_normal((2, *panorama.shape)).astype(np.float32)[0], (0, 0), 3)
        self.stuff = cv2.remap(
            panorama, columns + waves, rows + waves, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT
        )
        self.start = rng.uniform(0, 1, (_THINGS_PER_FRAME, 2)) * [width, height]
        self.speed = rng.uniform(-4, 4, (_THINGS_PER_FRAME, 2)) * [1, 0.2]
        self.size = rng.uniform(0.02, 0.1, (_THINGS_PER_FRAME, 2)) * height + 2
        self.kind = rng.choice(KITTI_STEP.thing_ids, _THINGS_PER_FRAME)

    def draw(self, frame: int) -> Tuple[np.ndarray, np.ndarray]:
        """Ground truth: (H, W) uint8 classes and (H, W) int32 instance ids."""
        height, width = self.shape
        semantic = self.stuff[:, 2 * frame : 2 * frame + width].copy()
        instance = np.zeros(self.shape, dtype=np.int32)
        centres = (self.start + frame * self.speed) % [width, height]
        for i in range(_THINGS_PER_FRAME):
            place = (tuple(int(c) for c in centres[i]), tuple(int(s) for s in self.size[i]), 0, 0, 360)
            cv2.ellipse(semantic, *place, int(self.kind[i]), -1)
            # Instance 0 of a thing class is crowd, so the first ellipse is one.
            cv2.ellipse(instance, *place, i, -1)
        return semantic, instance

    def predict(self, semantic: np.ndarray, instance: np.ndarray, frame: int) -> Tuple[np.ndarray, np.ndarray]:
        """Return a prediction that is shifted a little and changes an id now and then."""
        shift = self.rng.randint(-3, 4)
        semantic, instance = np.roll(semantic, shift, axis=1), np.roll(instance, shift, axis=1)
        semantic[semantic == KITTI_STEP.void] = 0
        return semantic, np.where(instance > 0, instance + (frame // 30) * 100, 0)
