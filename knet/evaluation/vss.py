"""Video semantic segmentation: mean IoU and consistency of stored predictions, each file read once."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from knet.evaluation.frames import Skipped
from knet.evaluation.metric import Counts, Metric, Result, register_metric
from knet.evaluation.pairs import PairCounts, count_pairs, pack_tables
from knet.evaluation.semantic import MeanIoU, MeanIoUResult
from knet.evaluation.tables import format_table
from knet.evaluation.video_consistency import VCScore, VideoConsistency
from knet.labels import LabelSpace
from knet.layouts.base import VideoGroundTruth
from knet.layouts.vspw import CLASS_OF_MASK, VSPWGroundTruth


@dataclass(frozen=True)
class VSSResult(Result):
    """Scores of a data set, 0..1; None where undefined.

    Attributes:
        semantic: Mean IoU, weighted IoU and their classes.
        consistency: VC_n by n.
        videos: VC_n by video and n.
        skipped: Videos and frames that were left out.
    """

    semantic: MeanIoUResult
    consistency: Dict[int, VCScore]
    videos: Dict[int, Dict[int, VCScore]]
    skipped: Skipped = field(default_factory=Skipped)

    def headline(self) -> Dict[str, Optional[float]]:
        """Return mIoU, wIoU and VC_n as the published script has it."""
        return {**self.semantic.headline(), **{f'VC{n}': score.script for n, score in self.consistency.items()}}

    def to_json(self) -> Dict[str, Any]:
        """Return plain numbers: mIoU, wIoU, VC8, VC16 (script), VC8_paper, VC16_paper, per_class, per_video.

        ``skipped`` is there only when something was left out.
        """
        document: Dict[str, Any] = dict(
            **self.headline(), **{f'VC{n}_paper': score.paper for n, score in self.consistency.items()}
        )
        document['per_class'] = self.semantic.classes_to_json()
        document['per_video'] = {
            str(video): {f'VC{n}': score.script for n, score in scores.items()} for video, scores in self.videos.items()
        }
        return self.skipped.added_to(document)

    def table(self) -> str:
        """Return readable tables in percent: classes that occur, consistency, all."""
        windows = [(f'VC{n}', score.script, score.paper, score.windows) for n, score in self.consistency.items()]
        parts = [
            'Video semantic segmentation, in percent',
            self.semantic.class_table(),
            format_table(('consistency', 'VSPW script', "paper's formula", 'windows'), windows),
            self.semantic.total_table(),
            *self.skipped.notes(),
        ]
        return '\n\n'.join(parts)


@register_metric('miou', 'vc')
class VideoSemantics(Metric[VSSResult]):
    """Accumulates mean IoU and consistency of the frames of videos.

    Args:
        label_space: The classes.
    """

    name = 'vss'

    def __init__(self, label_space: LabelSpace) -> None:
        self.label_space = label_space
        self.iou = MeanIoU(label_space)
        self.consistency = VideoConsistency(void=label_space.void)

    def merge(self, other: 'VideoSemantics') -> None:
        """Add what another accumulator has seen of other videos."""
        self.iou.merge(other.iou)
        self.consistency.merge(other.consistency)

    def compute(self) -> VSSResult:
        """Return the scores of everything seen so far."""
        return VSSResult(self.iou.compute(), self.consistency.compute(), self.consistency.compute_videos())

    def read_video(self, predictions: Any, truth: Any, video_id: int) -> Counts:
        """Return the counts of a video; windows reach over no gap."""
        predicted = set(predictions.frames(video_id))
        tables: List[Optional[PairCounts]] = []
        consistency = VideoConsistency(self.consistency.windows, self.consistency.void)
        for frame in truth.frames(video_id):
            if frame not in predicted:
                consistency.interrupt()
                tables.append(None)
                continue
            semantic, labels = _read_truth(truth, video_id, frame)
            found, none = predictions.read(video_id, frame)[0], np.zeros(1, np.uint8)
            names = (str(truth.path(video_id, frame)), str(predictions.path(video_id, frame)))
            planes = (semantic, np.broadcast_to(none, semantic.shape), found, np.broadcast_to(none, found.shape))
            tables.append(count_pairs(*planes, label_space=self.label_space, names=names))
            consistency.update(semantic, found, video_id, labels)
        return dict(pack_tables(tables), **consistency.counts(video_id))

    def add_counts(self, counts: Counts, video_id: int) -> None:
        """Add the counts of a video."""
        self.iou.add_counts(counts, video_id)
        self.consistency.add_counts(counts, video_id)

    def reading(self) -> Dict[str, Any]:
        """Return the classes and the lengths of the windows."""
        return dict(classes=self.label_space.to_plain(), windows=self.consistency.windows)


def _read_truth(ground_truth: VideoGroundTruth, video: int, frame: int) -> Tuple[np.ndarray, np.ndarray]:
    """Return (H, W) class ids, and the (H, W) labels whose constancy counts.

    The masks of VSPW know two kinds of void, and its script tells them apart.
    """
    if not isinstance(ground_truth, VSPWGroundTruth):
        semantic, _ = ground_truth.read(video, frame)
        return semantic, semantic
    mask = ground_truth.read_mask(video, frame)
    return CLASS_OF_MASK[mask], mask
