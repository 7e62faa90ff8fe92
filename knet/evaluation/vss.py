"""Video semantic segmentation: mean IoU and consistency of stored predictions, each file read once."""

from dataclasses import dataclass, field
from functools import partial
from typing import Dict, Tuple, Union

import numpy as np

from knet.evaluation.pairs import count_pairs
from knet.evaluation.runner import Skipped, map_videos, pair_up
from knet.evaluation.semantic import MeanIoU, MeanIoUResult
from knet.evaluation.tables import format_table
from knet.evaluation.video_consistency import VCScore, VideoConsistency
from knet.labels import LabelSpace, get_label_space
from knet.layouts.base import VideoGroundTruth
from knet.layouts.vspw import CLASS_OF_MASK, VSPWGroundTruth
from knet.results.exports.vspw import SubmissionReader
from knet.results.panoptic_store import PredictionReader

Predictions = Union[PredictionReader, SubmissionReader]


@dataclass(frozen=True)
class VSSResult:
    """Scores of a data set, 0..1; None where undefined.

    Attributes:
        semantic: Mean IoU, weighted IoU and their classes.
        consistency: VC_n by n.
        videos: VC_n by video and n.
        class_names: Names by dataset id.
        skipped: What was left out.
    """

    semantic: MeanIoUResult
    consistency: Dict[int, VCScore]
    videos: Dict[int, Dict[int, VCScore]]
    class_names: Dict[int, str]
    skipped: Skipped = field(default_factory=Skipped)

    def to_json(self) -> Dict[str, object]:
        """Plain numbers: mIoU, wIoU, VC8, VC16 (script), VC8_paper, VC16_paper, per_class, per_video.

        ``skipped`` is there only when something was left out.
        """
        document: Dict[str, object] = dict(mIoU=self.semantic.miou, wIoU=self.semantic.weighted_iou)
        document.update({f'VC{n}': score.script for n, score in self.consistency.items()})
        document.update({f'VC{n}_paper': score.paper for n, score in self.consistency.items()})
        document['per_class'] = {
            str(i): dict(name=self.class_names[i], iou=iou, pixels=self.semantic.class_pixels[i])
            for i, iou in self.semantic.class_iou.items()
        }
        document['per_video'] = {
            str(video): {f'VC{n}': score.script for n, score in scores.items()} for video, scores in self.videos.items()
        }
        if self.skipped:
            document['skipped'] = self.skipped.to_json()
        return document

    def table(self) -> str:
        """Readable tables in percent: classes that occur, consistency, all."""
        total = sum(self.semantic.class_pixels.values()) or 1
        classes = [
            (f'{i} {self.class_names[i]}', iou, self.semantic.class_pixels[i] / total)
            for i, iou in self.semantic.class_iou.items()
            if iou is not None
        ]
        windows = [(f'VC{n}', score.script, score.paper, score.windows) for n, score in self.consistency.items()]
        overall = [('mIoU', self.semantic.miou), ('weighted IoU', self.semantic.weighted_iou)]
        parts = [
            'Video semantic segmentation, in percent',
            format_table(('class', 'IoU', 'share of pixels'), classes),
            format_table(('consistency', 'VSPW script', "paper's formula", 'windows'), windows),
            format_table(('all classes', 'score'), overall),
        ]
        if self.skipped:
            parts.append(f'NOT the whole data set; left out:\n{self.skipped.describe()}')
        return '\n\n'.join(parts)


class VideoSemantics:
    """Accumulates mean IoU and consistency of the frames of videos.

    Args:
        label_space: The classes.
    """

    def __init__(self, label_space: LabelSpace) -> None:
        self.label_space = label_space
        self.iou = MeanIoU(label_space)
        self.consistency = VideoConsistency(void=label_space.void)

    def merge(self, other: 'VideoSemantics') -> None:
        """Add what another accumulator has seen of other videos."""
        self.iou.merge(other.iou)
        self.consistency.merge(other.consistency)

    def compute(self, skipped: Skipped) -> VSSResult:
        """The scores of everything seen so far; ``skipped`` is what they should mention as left out."""
        names = {info.dataset_id: info.name for info in self.label_space.classes}
        return VSSResult(
            self.iou.compute(), self.consistency.compute(), self.consistency.compute_videos(), names, skipped
        )


def evaluate_vss(
    predictions: Predictions,
    ground_truth: VideoGroundTruth,
    label_space: Union[str, LabelSpace],
    nproc: int = 1,
    allow_missing: bool = False,
) -> VSSResult:
    """Score stored predictions as video semantic segmentation.

    Args:
        predictions: Stored predictions.
        ground_truth: Their ground truth; its videos are the ones scored.
        label_space: The classes, or the name of a label space.
        nproc: Processes, at most one per video.
        allow_missing: Score the frames that both sides have; windows reach
            over no gap, and the result says what was left out.

    Returns:
        The scores.

    Raises:
        ValueError: If frames are missing, sizes differ, a class is unknown or
            a file is damaged.
    """
    label_space = get_label_space(label_space)
    skipped = pair_up(predictions, ground_truth, allow_missing)
    lengths = {v: len(ground_truth.frames(v)) for v in ground_truth.videos() if v not in skipped.videos}
    job = partial(_count_video, predictions, ground_truth, label_space)
    total = VideoSemantics(label_space)
    for part in map_videos(job, lengths, nproc).values():
        total.merge(part)
    return total.compute(skipped)


def _count_video(
    predictions: Predictions, ground_truth: VideoGroundTruth, label_space: LabelSpace, video: int
) -> VideoSemantics:
    """Everything the scores need to know of one video."""
    metric, predicted = VideoSemantics(label_space), set(predictions.frames(video))
    for frame in ground_truth.frames(video):
        if frame not in predicted:
            metric.consistency.interrupt()
            continue
        semantic, labels = _read_truth(ground_truth, video, frame)
        found, none = predictions.read(video, frame)[0], np.zeros(1, np.uint8)
        names = (str(ground_truth.path(video, frame)), str(predictions.path(video, frame)))
        metric.iou.update_pairs(
            count_pairs(
                semantic,
                np.broadcast_to(none, semantic.shape),
                found,
                np.broadcast_to(none, found.shape),
                label_space,
                names,
            )
        )
        metric.consistency.update(semantic, found, video, labels)
    return metric


def _read_truth(ground_truth: VideoGroundTruth, video: int, frame: int) -> Tuple[np.ndarray, np.ndarray]:
    """Class map, and the labels whose constancy counts: VSPW's masks know two kinds of void, and its script both."""
    if not isinstance(ground_truth, VSPWGroundTruth):
        semantic, _ = ground_truth.read(video, frame)
        return semantic, semantic
    mask = ground_truth.read_mask(video, frame)
    return CLASS_OF_MASK[mask], mask
