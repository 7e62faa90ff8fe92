"""Stored predictions beside the ground truth, and the frames that went worst."""

import heapq
from typing import Iterator, List, NamedTuple, Optional, Tuple

import numpy as np

from knet.evaluation.pairs import count_pairs
from knet.evaluation.pq import MatchRules, SegmentMatcher
from knet.labels import LabelSpace
from knet.layouts.base import VideoGroundTruth
from knet.layouts.images import read_rgb_image
from knet.results.panoptic_store import PredictionReader
from knet.visualization.association import TrackMatch, video_overlaps
from knet.visualization.overlay import enlarge, overlay, shrink, side_by_side


class FrameScore(NamedTuple):
    """The quality of the segmentation of one frame.

    Attributes:
        quality: Panoptic quality over all segments of the frame, 0..1.
        video: Video number.
        frame: Frame number.
        missed: Number of ground-truth segments without a match.
        invented: Number of predicted segments without a match.
    """

    quality: float
    video: int
    frame: int
    missed: int
    invented: int


def frame_quality(
    truth: Tuple[np.ndarray, np.ndarray], prediction: Tuple[np.ndarray, np.ndarray], space: LabelSpace
) -> Tuple[float, int, int]:
    """Return the panoptic quality of one frame, with all classes pooled.

    The value serves to rank frames; :mod:`knet.evaluation` computes the scores of benchmarks.

    Args:
        truth: (H, W) dataset ids and (H, W) instance ids of the ground truth.
        prediction: (H, W) dataset ids and (H, W) instance ids of the prediction.
        space: Label space of both.

    Returns:
        The quality in 0..1 (1 for a frame without labels), the number of missed and the number of invented segments.
    """
    # Instance ids of stuff have no meaning.
    maps = [(semantic, np.where(space.is_thing.take(semantic), ids, 0)) for semantic, ids in (truth, prediction)]
    rules = MatchRules(void_with_instance=True, crowd_ignored=True)
    counts = SegmentMatcher(space, rules).match(count_pairs(*maps[0], *maps[1], space))
    found, missed, invented = (int(number.sum()) for number in (counts.tp, counts.fn, counts.fp))
    segments = found + (missed + invented) / 2
    return float(counts.iou.sum() / segments) if segments else 1.0, missed, invented


def worst_frames(
    predictions: PredictionReader, ground_truth: VideoGroundTruth, space: LabelSpace, count: int = 6
) -> List[FrameScore]:
    """Return the frames with the lowest quality, at most two of one video.

    Args:
        predictions: Stored predictions; frames without one are skipped.
        ground_truth: Ground truth of the predictions.
        space: Label space of both.
        count: Number of frames to return.

    Returns:
        The frames in ascending quality.
    """
    scores: List[FrameScore] = []
    for video in ground_truth.videos():
        predicted = set(predictions.frames(video))
        in_video = []
        for frame in ground_truth.frames(video):
            if frame in predicted:
                quality, missed, invented = frame_quality(
                    ground_truth.read(video, frame), predictions.read(video, frame), space
                )
                in_video.append(FrameScore(quality, video, frame, missed, invented))
        scores += heapq.nsmallest(2, in_video)
    return heapq.nsmallest(count, scores)


def compare_frame(
    predictions: PredictionReader,
    ground_truth: VideoGroundTruth,
    space: LabelSpace,
    video: int,
    frame: int,
    min_width: int = 640,
    match: Optional[TrackMatch] = None,
) -> np.ndarray:
    """Return the image, the prediction and the ground truth of a frame in one picture.

    An object of the ground truth has colour and number of the track that covers it best over the whole video, and grey
    if there is none.

    Args:
        predictions: Stored predictions.
        ground_truth: Annotations with their images.
        space: Classes.
        video: Video number.
        frame: Frame number.
        min_width: Small frames are enlarged to at least this width.
        match: Tracks of the objects; None = match those of the video.

    Returns:
        (H', W', 3) uint8 RGB.

    Raises:
        ValueError: If image, prediction and annotation differ in size.
    """
    path = ground_truth.image_path(video, frame)
    image = read_rgb_image(path)
    drawn = predictions.read(video, frame)
    truth = ground_truth.read(video, frame)
    for (semantic, _), origin in ((drawn, predictions.path(video, frame)), (truth, ground_truth.path(video, frame))):
        if image.shape[:2] != semantic.shape:
            raise ValueError(
                f'{origin}: {semantic.shape[1]}x{semantic.shape[0]}, but its image {path} is '
                f'{image.shape[1]}x{image.shape[0]}'
            )
    if match is None:
        match = TrackMatch.of(video_overlaps(predictions, ground_truth, space, video), space)
    numbers, unmatched = match.renumber(*truth, space)
    predicted = enlarge(image, *drawn, min_width)
    labelled = enlarge(image, truth[0], numbers, min_width)
    panels = [predicted[0], overlay(*predicted, space), overlay(*labelled, space, neutral=unmatched)]
    return side_by_side(panels, [f'image: video {video}, frame {frame}', 'prediction', 'ground truth'])


def compare_video(
    predictions: PredictionReader,
    ground_truth: VideoGroundTruth,
    space: LabelSpace,
    video: int,
    every: int = 1,
    max_width: Optional[int] = None,
) -> Iterator[np.ndarray]:
    """Yield the pictures of :func:`compare_frame` for the predicted frames of a video.

    Args:
        predictions: Stored predictions.
        ground_truth: Annotations with their images.
        space: Classes.
        video: Video number.
        every: Take every n-th frame.
        max_width: Scale pictures down to this width; None = keep.

    Yields:
        (H', W', 3) uint8 RGB.
    """
    overlaps = video_overlaps(predictions, ground_truth, space, video)
    match = TrackMatch.of(overlaps, space)
    for frame, _ in overlaps[::every]:
        picture = compare_frame(predictions, ground_truth, space, video, frame, match=match)
        yield picture if max_width is None else shrink(picture, max_width)
