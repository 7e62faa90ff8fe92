"""Online association of the things of a frame with the things of earlier frames."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import torch
from mmcv.utils import Registry
from mmdet.core import bbox_overlaps
from torch import Tensor

TRACKERS = Registry('tracker')


@dataclass
class Detections:
    """The n things of a frame; boxes, labels and embeddings lie on the host, the map where it was computed.

    Attributes:
        boxes: (n, 5) float, x0, y0, x1, y1 in pixels and score in 0..1.
        labels: (n,) int64 classes.
        embeds: (n, E) float embeddings.
        index_map: (H, W) int64, row of the thing that owns a pixel, -1 for none.
    """

    boxes: Tensor
    labels: Tensor
    embeds: Tensor
    index_map: Tensor

    def to(self, device: str) -> 'Detections':
        """Return the detections with boxes, labels and embeddings on ``device``; the map stays on its device."""
        return Detections(self.boxes.to(device), self.labels.to(device), self.embeds.to(device), self.index_map)


@dataclass
class Matches:
    """Track ids that a tracker gave to the detections of a frame.

    Attributes:
        kept: (k,) int64 rows of the detections that were not dropped as duplicates, by descending score.
        ids: (k,) int64 track ids of these detections, from 0; -1 = no track, -2 = matched with a track, but too weak to
            carry its id.
    """

    kept: Tensor
    ids: Tensor


class Tracker(ABC):
    """Gives track ids to the things of the frames of one video; a new video gets a new tracker.

    Register a tracker in :data:`TRACKERS` to name it in ``model.tracker`` of a config, whose other entries are the
    arguments of its constructor.
    """

    @abstractmethod
    def match(self, detections: Detections, frame_id: int) -> Matches:
        """Give track ids to the things of one frame and remember them.

        Args:
            detections: n >= 1 things.
            frame_id: Number of the frame, ascending; frames without things are left out.

        Returns:
            Rows of the detections that were kept, and their ids.
        """


@dataclass
class _Tracklet:
    embed: Tensor
    label: int
    last_frame: int


@dataclass
class _Backdrop:
    embeds: Tensor
    labels: Tensor


@TRACKERS.register_module()
class QuasiDenseEmbedTracker(Tracker):
    """Match embeddings of things with those of recent tracks (QDTrack, Sec. 3.3).

    Defaults are those of QDTrack; published configs of Video K-Net set other ones.

    Args:
        init_score_thr: Least score of a detection that starts a track.
        obj_score_thr: Least score of a detection that continues a track.
        match_score_thr: Least similarity of a match.
        memo_tracklet_frames: Frames after which an unseen track ends.
        memo_backdrop_frames: Number of frames for which untracked detections are remembered as distractors.
        memo_momentum: Weight of the *new* embedding of a track.
        nms_conf_thr: Similarity above which a weak detection is regarded as a duplicate of a track.
        nms_backdrop_iou_thr: Box IoU above which weak detections are duplicates.
        nms_class_iou_thr: Box IoU above which strong detections are duplicates.
        with_cats: Whether only things of one class are matched.
        match_metric: ``'bisoftmax'``, ``'softmax'`` or ``'cosine'``.
    """

    def __init__(
        self,
        init_score_thr: float = 0.8,
        obj_score_thr: float = 0.5,
        match_score_thr: float = 0.5,
        memo_tracklet_frames: int = 10,
        memo_backdrop_frames: int = 1,
        memo_momentum: float = 0.8,
        nms_conf_thr: float = 0.5,
        nms_backdrop_iou_thr: float = 0.3,
        nms_class_iou_thr: float = 0.7,
        with_cats: bool = True,
        match_metric: str = 'bisoftmax',
    ) -> None:
        if match_metric not in ('bisoftmax', 'softmax', 'cosine'):
            raise ValueError(f"match_metric={match_metric!r}; choose 'bisoftmax', 'softmax' or 'cosine'")
        self.init_score_thr = init_score_thr
        self.obj_score_thr = obj_score_thr
        self.match_score_thr = match_score_thr
        self.memo_tracklet_frames = memo_tracklet_frames
        self.memo_backdrop_frames = memo_backdrop_frames
        self.memo_momentum = memo_momentum
        self.nms_conf_thr = nms_conf_thr
        self.nms_backdrop_iou_thr = nms_backdrop_iou_thr
        self.nms_class_iou_thr = nms_class_iou_thr
        self.with_cats = with_cats
        self.match_metric = match_metric
        self.num_tracklets = 0
        self.tracklets: Dict[int, _Tracklet] = {}
        self.backdrops: List[_Backdrop] = []

    def match(self, detections: Detections, frame_id: int) -> Matches:
        """Match without duplicates, by descending score; see :meth:`Tracker.match`."""
        # At most max_per_img small rows: the CPU is faster and needs no synchronisation per element.
        detections = detections.to('cpu')
        order = detections.boxes[:, 4].argsort(descending=True, stable=True)
        boxes = detections.boxes[order]
        overlaps = bbox_overlaps(boxes[:, :4], boxes[:, :4])
        kept = self._without_duplicates(boxes[:, 4], overlaps)
        rows = order[kept]
        scores, labels, embeds = boxes[kept, 4], detections.labels[rows], detections.embeds[rows].float()
        ids = self._associate(scores, labels, embeds)
        starts = (ids == -1) & (scores > self.init_score_thr)
        ids[starts] = torch.arange(self.num_tracklets, self.num_tracklets + int(starts.sum()))
        self.num_tracklets += int(starts.sum())
        self._remember(ids, labels, embeds, overlaps[kept][:, kept], frame_id)
        return Matches(rows, ids)

    def _without_duplicates(self, scores: Tensor, overlaps: Tensor) -> Tensor:
        """Return the indices of the detections that do not overlap any better one too much, be that one kept or not."""
        limit = torch.full_like(scores, self.nms_class_iou_thr)
        limit[scores < self.obj_score_thr] = self.nms_backdrop_iou_thr
        return (~(overlaps > limit[:, None]).tril(-1).any(1)).nonzero().flatten()

    def _similarity(self, labels: Tensor, embeds: Tensor) -> Tuple[Tensor, Tensor]:
        """Return the similarities (n, m) of the detections to the memory, and the track ids (m,) of its rows."""
        memory = list(self.tracklets.values())
        ids = torch.tensor(list(self.tracklets) + [-1] * sum(len(b.labels) for b in self.backdrops))
        memory_embeds = torch.cat([torch.stack([t.embed for t in memory])] + [b.embeds for b in self.backdrops])
        memory_labels = torch.cat([torch.tensor([t.label for t in memory])] + [b.labels for b in self.backdrops])
        if self.match_metric == 'cosine':
            similarity = (
                torch.nn.functional.normalize(embeds, dim=1) @ torch.nn.functional.normalize(memory_embeds, dim=1).t()
            )
        else:
            dots = embeds @ memory_embeds.t()
            similarity = dots.softmax(1)
            if self.match_metric == 'bisoftmax':
                similarity = (similarity + dots.softmax(0)) / 2
        if self.with_cats:
            similarity = similarity * (labels[:, None] == memory_labels[None])
        return similarity, ids

    def _associate(self, scores: Tensor, labels: Tensor, embeds: Tensor) -> Tensor:
        """Match greedily, best detection first; returns (n,) int64 track ids."""
        ids = torch.full((len(labels),), -1)
        if not self.tracklets or not len(labels):
            return ids
        similarity, memory_ids = self._similarity(labels, embeds)
        for i in range(len(labels)):
            confidence, j = similarity[i].max(0)
            if confidence <= self.match_score_thr or memory_ids[j] < 0:
                continue
            if scores[i] > self.obj_score_thr:
                ids[i] = memory_ids[j]
                similarity[:, j] = 0
            elif confidence > self.nms_conf_thr:
                ids[i] = -2
        return ids

    def _remember(self, ids: Tensor, labels: Tensor, embeds: Tensor, overlaps: Tensor, frame_id: int) -> None:
        for row in (ids > -1).nonzero().flatten().tolist():
            track_id, embed = int(ids[row]), embeds[row]
            if track_id in self.tracklets:
                embed = (1 - self.memo_momentum) * self.tracklets[track_id].embed + self.memo_momentum * embed
            self.tracklets[track_id] = _Tracklet(embed, int(labels[row]), frame_id)
        distinct = ~(overlaps > self.nms_backdrop_iou_thr).tril(-1).any(1)
        backdrop = (ids == -1) & distinct
        self.backdrops.insert(0, _Backdrop(embeds[backdrop], labels[backdrop]))
        del self.backdrops[self.memo_backdrop_frames :]
        self.tracklets = {
            i: t for i, t in self.tracklets.items() if frame_id - t.last_frame < self.memo_tracklet_frames
        }


@TRACKERS.register_module()
class NewIdTracker(Tracker):
    """Give every thing of every frame a new id, the lower bound of association."""

    def __init__(self) -> None:
        self.num_tracklets = 0

    def match(self, detections: Detections, frame_id: int) -> Matches:
        """Give every thing a new id; see :meth:`Tracker.match`."""
        num = len(detections.labels)
        self.num_tracklets += num
        return Matches(torch.arange(num), torch.arange(self.num_tracklets - num, self.num_tracklets))


@TRACKERS.register_module()
class MaskIoUTracker(Tracker):
    """Match every thing with the thing of the previous frame that overlaps it most, without embeddings.

    Args:
        match_iou_thr: Least mask IoU of a match.
    """

    def __init__(self, match_iou_thr: float = 0.1) -> None:
        self.match_iou_thr = match_iou_thr
        self.num_tracklets = 0
        self.previous: Optional[Tuple[Tensor, Tensor, Tensor]] = None

    def match(self, detections: Detections, frame_id: int) -> Matches:
        """Match greedily, by descending score; see :meth:`Tracker.match`."""
        index_map, labels = detections.index_map.cpu(), detections.labels.cpu()
        order = detections.boxes[:, 4].cpu().argsort(descending=True, stable=True)
        ids = torch.full((len(labels),), -1)
        if self.previous is not None:
            before_map, before_labels, before_ids = self.previous
            iou = _mask_iou(index_map, len(labels), before_map, len(before_ids))
            iou = iou * (labels[:, None] == before_labels[None])
            for row in order.tolist():
                overlap, j = iou[row].max(0)
                if overlap > self.match_iou_thr:
                    ids[row] = before_ids[j]
                    iou[:, j] = 0
        new = ids == -1
        ids[new] = torch.arange(self.num_tracklets, self.num_tracklets + int(new.sum()))
        self.num_tracklets += int(new.sum())
        self.previous = (index_map, labels, ids)
        return Matches(order, ids[order])


def _mask_iou(first: Tensor, num_first: int, second: Tensor, num_second: int) -> Tensor:
    """Return the IoU (num_first, num_second) of the regions of two (H, W) index maps with -1 as background."""
    pairs = (first.flatten() + 1) * (num_second + 1) + second.flatten() + 1
    counts = torch.bincount(pairs, minlength=(num_first + 1) * (num_second + 1)).view(num_first + 1, num_second + 1)
    overlap = counts[1:, 1:].float()
    union = counts.sum(1)[1:, None] + counts.sum(0)[None, 1:] - overlap
    return overlap / union.clamp(min=1)
