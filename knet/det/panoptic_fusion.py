"""Fusion of scored masks into one panoptic map, as functions of tensors.

K-Net has two ways to decide which mask owns a pixel. In the *joint* merge, the mask with the largest
``score * probability`` owns the pixel, and a mask that wins too small a share of its pixels is dropped. In the
*thing-first* merge, things are painted by descending score, a thing that is mostly covered already is dropped, and
stuff is painted on the remaining pixels.
"""

import math
from dataclasses import dataclass
from typing import List, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from knet.labels import LabelSpace
from knet.structures import Segment
from knet.utils.transfer import download, upload

from .fusion_options import FusionOptions, JointMerge
from .targets import upsample

#: Masks brought to full resolution at once; bounds the memory of the merge.
MASKS_AT_ONCE = 8


@dataclass
class Candidates:
    """Masks that compete for pixels, in the order that breaks ties; the tensors lie on the host.

    Attributes:
        scores: (M,) float in 0..1.
        labels: (M,) int64 model classes.
        kernels: (M,) int64, index of the query behind each mask.
    """

    scores: Tensor
    labels: Tensor
    kernels: Tensor


def select_candidates(cls_scores: Tensor, num_things: int, num_stuff: int, max_per_img: int) -> Candidates:
    """Select the best thing (query, class) pairs and all stuff queries.

    If a query is selected for several classes, only its best class can win a pixel, so the others are left out.

    Args:
        cls_scores: (Q, K) float in 0..1, on the host.
        num_things: T, number of thing classes.
        num_stuff: S, number of stuff classes; the last S queries are the stuff classes in order.
        max_per_img: Number of thing pairs considered.

    Returns:
        Things by descending score, then stuff by descending score.
    """
    num_queries = len(cls_scores) - num_stuff
    thing_scores = cls_scores[:num_queries, :num_things].flatten()
    scores, pairs = thing_scores.topk(min(max_per_img, len(thing_scores)))
    kernels, labels = pairs // num_things, pairs % num_things
    # Rank of a pair among the pairs of its query: keep rank 0.
    same = (kernels[None] == kernels[:, None]).tril(-1).any(1)
    stuff_scores, stuff = cls_scores[num_queries:, num_things:].diagonal().sort(descending=True, stable=True)
    return Candidates(
        scores=torch.cat([scores[~same], stuff_scores]),
        labels=torch.cat([labels[~same], stuff + num_things]),
        kernels=torch.cat([kernels[~same], stuff + num_queries]),
    )


class MaskResizer:
    """Convert mask logits to probabilities at original size.

    The order sigmoid, resize, crop, resize is part of the method; resizing logits would give other masks.

    Args:
        masks: (Q, h, w) float logits of one image at feature resolution.
        upsample_stride: Factor by which logits are up-sampled first.
        img_meta: Dict with ``batch_input_shape``, ``img_shape`` and ``ori_shape``.
    """

    def __init__(self, masks: Tensor, upsample_stride: int, img_meta: dict) -> None:
        self.masks = masks
        self.device = masks.device
        self.stride = upsample_stride
        self.pad_size = tuple(img_meta['batch_input_shape'])
        self.img_size = tuple(img_meta['img_shape'][:2])
        self.size = tuple(img_meta['ori_shape'][:2])
        self.name = str(img_meta.get('ori_filename', 'this image'))

    def __call__(self, indices: Tensor) -> Tensor:
        """Return the probabilities (M, H, W) of the masks ``indices`` (M,)."""
        masks = upsample(self.masks[upload(indices, self.device)][None], self.stride).sigmoid_()
        masks = self._resize(masks, self.pad_size)[..., : self.img_size[0], : self.img_size[1]]
        return self._resize(masks, self.size)[0]

    @staticmethod
    def _resize(masks: Tensor, size: Tuple[int, ...]) -> Tensor:
        if masks.shape[-2:] == size:
            return masks
        return F.interpolate(masks, size=size, mode='bilinear', align_corners=False)

    def upper_bounds(self, indices: Tensor) -> Tensor:
        """Return the largest possible probability (M,) of each mask, because interpolation never exceeds its inputs."""
        return self.masks[indices].flatten(1).amax(1).sigmoid()


def check_finite(values: Sequence[float], name: str) -> None:
    """Refuse the output of a network that computed NaN or infinity, of which any map could be made.

    Args:
        values: Scores, or products of scores and probabilities.
        name: Name of the image, for the error.

    Raises:
        ValueError: If one of them is not finite.
    """
    if not all(map(math.isfinite, values)):
        raise ValueError(
            f'{name}: the network computed scores or masks that are not finite; use a checkpoint whose weights are '
            'finite, and leave out --amp if it was given'
        )


@dataclass
class Owners:
    """Result of :func:`find_owners`.

    Attributes:
        owner: (H, W) int64, index of the winning candidate.
        pixels: (M,) int64, number of pixels won by each candidate.
        visible: (M,) int64, number of pixels with probability >= 0.5 of each candidate; only meaningful where
            ``pixels > 0``.
    """

    owner: Tensor
    pixels: Tensor
    visible: Tensor


def find_owners(candidates: Candidates, resizer: MaskResizer) -> Owners:
    """Compute the arg-max of ``score * probability`` over candidates without resizing all masks.

    Candidates are visited in descending order of the largest value that they can reach. On the CPU, the visit ends when
    no remaining candidate can exceed the running maximum of any pixel; an accelerator is not asked for that maximum,
    because it would have to finish all its work first. Ties go to the lower index, as in a plain arg-max.
    """
    device, num = resizer.device, len(candidates.scores)
    check_finite(candidates.scores.tolist(), resizer.name)
    best = torch.full(resizer.size, -1.0, device=device, dtype=candidates.scores.dtype)
    owner = torch.zeros(resizer.size, dtype=torch.long, device=device)
    visible = torch.zeros(num, dtype=torch.long, device=device)
    order, bounds = torch.arange(num), [math.inf] * num
    if device.type == 'cpu':
        # Rounding in the interpolation may exceed the bound by an ulp or two.
        reach = candidates.scores * resizer.upper_bounds(candidates.kernels) * (1 + 1e-5)
        order = reach.argsort(descending=True)
        bounds = reach[order].tolist()
        check_finite(bounds, resizer.name)
    for start in range(0, num, MASKS_AT_ONCE):
        # Candidates that cannot reach the weakest pixel cannot win anywhere.
        if bounds[start] < math.inf and bounds[start] < best.min().item():
            break
        visited = order[start : start + MASKS_AT_ONCE].sort().values
        probs = resizer(candidates.kernels[visited])
        scores, chunk = upload(candidates.scores[visited], device), upload(visited, device)
        visible[chunk] = (probs >= 0.5).flatten(1).sum(1)
        value, index = (probs * scores[:, None, None]).max(0)
        index = chunk[index]
        wins = (value > best) | ((value == best) & (index < owner))
        best = torch.where(wins, value, best)
        owner = torch.where(wins, index, owner)
    return Owners(owner, _count(owner, num), visible)


def _count(indices: Tensor, num: int) -> Tensor:
    """Return how often each of the numbers 0..num-1 occurs, (num,)."""
    if indices.device.type == 'cpu':
        return torch.bincount(indices.flatten(), minlength=num)
    # bincount waits for the largest number. Up to 2^24 pixels are counted exactly in float32.
    return torch.histc(indices.float(), num, -0.5, num - 0.5).long()


def merge_jointly(
    candidates: Candidates, owners: Owners, label_space: LabelSpace, instance_score_thr: float, overlap_thr: float
) -> Tuple[Tensor, List[Segment]]:
    """Accept or drop each candidate by its score and by the share of its pixels that it won.

    Args:
        candidates: M scored masks.
        owners: Winning candidate of every pixel.
        label_space: Numbering of the classes.
        instance_score_thr: Things with a lower score are dropped; their pixels stay unassigned.
        overlap_thr: Least share of its visible pixels (probability >= 0.5) that a mask must have won.

    Returns:
        (H, W) int32 map of segment ids, 0 = unassigned, and the segments by descending score.
    """
    order = candidates.scores.argsort(descending=True, stable=True).tolist()
    scores, labels = candidates.scores.tolist(), candidates.labels.tolist()
    kernels = candidates.kernels.tolist()
    pixels, visible = (counts.tolist() for counts in download(owners.pixels, owners.visible))
    # Compare in the precision of the scores, as a tensor comparison would.
    too_weak = (candidates.scores < instance_score_thr).tolist()
    segments: List[Segment] = []
    ids = torch.zeros(len(scores), dtype=torch.int32)
    for k in order:
        is_thing = labels[k] < label_space.num_things
        if (is_thing and too_weak[k]) or not pixels[k] or not visible[k] or pixels[k] / visible[k] < overlap_thr:
            continue
        category = int(label_space.dataset_ids[labels[k]])
        segments.append(Segment(len(segments) + 1, category, is_thing, scores[k], pixels[k], kernels[k]))
        ids[k] = len(segments)
    return upload(ids, owners.owner.device)[owners.owner], segments


def merge_thing_first(
    candidates: Candidates,
    resizer: MaskResizer,
    label_space: LabelSpace,
    instance_score_thr: float,
    iou_thr: float,
    stuff_max_area: int,
) -> Tuple[Tensor, List[Segment]]:
    """Paint binary masks (probability > 0.5), things before stuff, each by descending score.

    A second mask on an object is covered by the first one and dropped, whereas the joint merge would split the object
    between them.

    Args:
        candidates: M scored masks.
        resizer: The masks of the queries.
        label_space: Numbering of the classes.
        instance_score_thr: Things with a lower score are dropped.
        iou_thr: Largest share of a thing that may be painted already.
        stuff_max_area: Least number of free pixels of a stuff mask; the name is that of published configs.

    Returns:
        (H, W) int32 map of segment ids, 0 = unassigned, and the segments in the order of painting.
    """
    is_thing = candidates.labels < label_space.num_things
    order = candidates.scores.argsort(descending=True, stable=True)
    painting: List[int] = (
        order[is_thing[order] & (candidates.scores[order] >= instance_score_thr)].tolist()
        + order[~is_thing[order]].tolist()
    )
    scores, labels, kernels = (x.tolist() for x in (candidates.scores, candidates.labels, candidates.kernels))
    check_finite(scores, resizer.name)
    panoptic = torch.zeros(resizer.size, dtype=torch.int32, device=resizer.device)
    segments: List[Segment] = []
    for start in range(0, len(painting), MASKS_AT_ONCE):
        chunk = painting[start : start + MASKS_AT_ONCE]
        masks = resizer(candidates.kernels[chunk]) > 0.5
        for k, mask, size in zip(chunk, masks, masks.flatten(1).sum(1).tolist()):
            mask &= panoptic == 0
            area, thing = int(mask.sum()), labels[k] < label_space.num_things
            if not area or (size - area > iou_thr * size if thing else area < stuff_max_area):
                continue
            category = int(label_space.dataset_ids[labels[k]])
            segments.append(Segment(len(segments) + 1, category, thing, scores[k], area, kernels[k]))
            panoptic[mask] = len(segments)
    return panoptic, segments


def fuse(
    cls_scores: Tensor, resizer: MaskResizer, label_space: LabelSpace, options: FusionOptions
) -> Tuple[Tensor, List[Segment]]:
    """Compute the panoptic map of one image from the output of the last stage.

    Args:
        cls_scores: (Q, K) float in 0..1, on the host.
        resizer: The masks of the Q queries.
        label_space: Numbering of the classes.
        options: The merge and its thresholds.

    Returns:
        (H, W) int32 map of segment ids, 0 = unassigned, and the segments.
    """
    candidates = select_candidates(cls_scores, label_space.num_things, label_space.num_stuff, options.max_per_img)
    merge = options.merge
    if isinstance(merge, JointMerge):
        owners = find_owners(candidates, resizer)
        return merge_jointly(candidates, owners, label_space, merge.instance_score_thr, merge.overlap_thr)
    return merge_thing_first(
        candidates, resizer, label_space, merge.instance_score_thr, merge.iou_thr, merge.stuff_max_area
    )


def semantic_map(
    panoptic: Tensor,
    segments: List[Segment],
    label_space: LabelSpace,
    unassigned: str,
    cls_scores: Tensor,
    resizer: MaskResizer,
) -> Tensor:
    """Return the dataset id of every pixel.

    Args:
        panoptic: (H, W) int32 segment ids, 0 = unassigned.
        segments: The segments.
        label_space: Numbering of the classes.
        unassigned: Class of the pixels of no segment, see :class:`~knet.det.fusion_options.FusionOptions`.
        cls_scores: (Q, K) float in 0..1, on the host, read for ``'stuff'``.
        resizer: The masks of the Q queries, read for ``'stuff'``.

    Returns:
        (H, W) uint8 dataset ids.
    """
    fill = 0 if unassigned == 'class0' else label_space.void
    lut = upload([fill] + [s.category for s in segments], panoptic.device, torch.uint8)
    semantic = lut[panoptic.long()]
    if unassigned == 'stuff' and sum(s.area for s in segments) < panoptic.numel():
        owner = find_owners(_stuff_only(cls_scores, label_space), resizer).owner
        stuff_ids = upload(label_space.stuff_ids, panoptic.device, torch.uint8)
        semantic = torch.where(panoptic == 0, stuff_ids[owner], semantic)
    return semantic


def _stuff_only(cls_scores: Tensor, label_space: LabelSpace) -> Candidates:
    stuff = torch.arange(label_space.num_stuff, device=cls_scores.device)
    num_queries = len(cls_scores) - label_space.num_stuff
    scores = cls_scores[num_queries:, label_space.num_things :].diagonal()
    return Candidates(scores, stuff + label_space.num_things, stuff + num_queries)
