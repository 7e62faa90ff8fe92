"""Pairing the stored frames of ground truth and predictions."""

from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Optional, Tuple

import cv2
import numpy as np

from knet.evaluation.pairs import PairCounts, count_pairs
from knet.labels import LabelSpace
from knet.layouts.base import StoredVideos, VideoGroundTruth
from knet.results.panoptic_store import PredictionReader
from knet.results.run_folder import check_names

_NAMED_IN_ERRORS = 5


@dataclass(frozen=True)
class Skipped:
    """Frames that a score leaves out because the user allowed it.

    Attributes:
        videos: Ground-truth videos of which no frame is predicted.
        frames: Ground-truth frames without a prediction, by video.
        extra: Predicted frames without ground truth, by video.
    """

    videos: Tuple[int, ...] = ()
    frames: Dict[int, List[int]] = field(default_factory=dict)
    extra: Dict[int, List[int]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.videos or self.frames or self.extra)

    def to_json(self) -> Dict[str, object]:
        """Return the same as plain lists and dicts with text keys."""
        return dict(
            videos=list(self.videos),
            frames={str(v): f for v, f in self.frames.items()},
            extra={str(v): f for v, f in self.extra.items()},
        )

    def added_to(self, document: Dict[str, Any]) -> Dict[str, Any]:
        """Return the JSON of a result, with ``skipped`` if something was left out."""
        return dict(document, skipped=self.to_json()) if self else document

    def notes(self) -> List[str]:
        """Return the paragraph for the tables of a result; none if nothing was left out."""
        return [f'NOT the whole data set; left out:\n{self.describe()}'] if self else []

    def describe(self) -> str:
        """Return one line for each kind of what is missing, with the first few names."""
        lines = []
        if self.videos:
            lines.append(f'{len(self.videos)} video(s) without predictions: {_few([str(v) for v in self.videos])}')
        for what, frames in (('without a prediction', self.frames), ('predicted without ground truth', self.extra)):
            names = [f'{v:06d}_{f:06d}' for v in sorted(frames) for f in frames[v]]
            if names:
                lines.append(f'{len(names)} frame(s) {what}: {_few(names)}')
        return '\n'.join(lines)


def _few(names: List[str]) -> str:
    return ', '.join(names[:_NAMED_IN_ERRORS]) + (', ...' if len(names) > _NAMED_IN_ERRORS else '')


def find_skipped(predictions: StoredVideos, ground_truth: VideoGroundTruth) -> Skipped:
    """Compare which frames exist on both sides, by their numbers."""
    missing: List[int] = []
    frames: Dict[int, List[int]] = {}
    extra: Dict[int, List[int]] = {}
    for video in sorted({*ground_truth.videos(), *predictions.videos()}):
        wanted, found = set(ground_truth.frames(video)), set(predictions.frames(video))
        if wanted and not wanted & found:
            missing.append(video)
        elif wanted - found:
            frames[video] = sorted(wanted - found)
        # Where few frames have labels, predictions of the others are as they should be.
        if found - wanted and (ground_truth.labels_every_frame or not wanted):
            extra[video] = sorted(found - wanted)
    return Skipped(tuple(missing), frames, extra)


def check_same_videos(predictions: StoredVideos, ground_truth: VideoGroundTruth) -> None:
    """Check that the numbers of videos mean the same ones on both sides, where predictions store names.

    Raises:
        ValueError: If a number is another video in the ground truth.
    """
    names = predictions.stored_names()
    if names:
        there = ground_truth.video_names(ground_truth.data_root, ground_truth.split)
        check_names(predictions.root, names, there)


def pair_up(predictions: StoredVideos, ground_truth: VideoGroundTruth, allow_missing: bool) -> Skipped:
    """Check that every frame has its partner.

    Args:
        predictions: Stored predictions.
        ground_truth: Ground truth of the predictions; its videos are scored.
        allow_missing: Score what both sides have.

    Returns:
        The videos and frames that will be left out.

    Raises:
        ValueError: If frames of one side are missing on the other and ``allow_missing`` is False, if no frame is on
            both sides, or if a number is another video in the ground truth.
    """
    check_same_videos(predictions, ground_truth)
    skipped = find_skipped(predictions, ground_truth)
    if skipped and not allow_missing:
        raise ValueError(
            f'predictions in {predictions.root} and ground truth in {ground_truth.root} differ:\n'
            f'{skipped.describe()}\n'
            'Finish the prediction run, complete the ground truth, or score what is there with --allow-missing.'
        )
    if set(skipped.videos) >= set(ground_truth.videos()):
        raise ValueError(f'no video of {ground_truth.root} is predicted in {predictions.root}')
    return skipped


def iterate_pairs(
    predictions: PredictionReader,
    ground_truth: VideoGroundTruth,
    label_space: LabelSpace,
    video: int,
    depth_thres: Optional[float] = None,
) -> Iterator[Tuple[int, Optional[PairCounts]]]:
    """Count the overlaps of a video's frames, in order.

    Args:
        predictions: Stored predictions.
        ground_truth: Ground truth of the predictions.
        label_space: The classes.
        video: Video number.
        depth_thres: Pixels whose depth is off by more than this share of the true depth count as not predicted.

    Yields:
        Frame number and its overlaps, None for a frame without prediction.
    """
    predicted = set(predictions.frames(video))
    for frame in ground_truth.frames(video):
        if frame not in predicted:
            yield frame, None
            continue
        names = (str(ground_truth.path(video, frame)), str(predictions.path(video, frame)))
        semantic, instance = predictions.read(video, frame)
        truth = ground_truth.read(video, frame)
        if depth_thres is not None and semantic.shape == truth[0].shape:
            wrong = _wrong_depth(
                ground_truth.read_depth(video, frame),
                predictions.read_depth(video, frame),
                depth_thres,
                semantic.shape,
                names,
            )
            semantic, instance = np.where(wrong, label_space.void, semantic), np.where(wrong, 0, instance)
        yield frame, count_pairs(*truth, semantic, instance, label_space=label_space, names=names)


def _wrong_depth(
    truth: np.ndarray, prediction: np.ndarray, threshold: float, shape: Tuple[int, int], names: Tuple[str, str]
) -> np.ndarray:
    """Return (H, W) bool: whether the true depth is known and the prediction off by more than a share of it."""
    if truth.shape != shape:
        raise ValueError(f'{names[0]}: its depth map has size {truth.shape}, the label map {shape}')
    return (truth > 0) & (np.abs(fit_depth(prediction, shape) - truth) > threshold * truth)


def fit_depth(depth: np.ndarray, shape: Tuple[int, int]) -> np.ndarray:
    """Return a depth map in metres, resized to (H, W) by nearest neighbour."""
    return depth if depth.shape == shape else cv2.resize(depth, shape[::-1], interpolation=cv2.INTER_NEAREST)
