"""From an id map to training targets."""

from typing import Any, Dict, Optional

import numpy as np
from mmdet.core import BitmapMasks
from mmdet.datasets.builder import PIPELINES

from knet.layouts.id_maps import ID_SHIFT


def cut_instances(results: Dict[str, Any]) -> Dict[str, Any]:
    """Replace ``gt_id_map`` by the targets of one frame, in place.

    Only things get masks. A *crowd* (thing class, instance 0) is no instance, and neither is an object less than two
    pixels wide or high, which has no box. The pixels of both become void in ``gt_semantic_seg``, so that nothing is
    learned from them. The semantic map keeps the other thing pixels; stuff targets skip thing ids and void.

    Args:
        results: A frame with ``gt_id_map`` (H, W) int32 and ``label_space``.

    Returns:
        The frame with, for its N instances in ascending (class, instance),

        - ``gt_masks``: BitmapMasks (N, H, W) uint8,
        - ``gt_bboxes``: (N, 4) float32, inclusive extents x0, y0, x1, y1,
        - ``gt_labels``: (N,) int64 thing labels,
        - ``gt_instance_ids``: (N,) int64, unique per (class, instance),
        - ``gt_semantic_seg``: (H, W) uint8 dataset ids.
    """
    id_map, space = results.pop('gt_id_map'), results['label_space']
    semantic = (id_map >> ID_SHIFT).astype(np.uint8)
    ids = np.unique(id_map[space.is_thing.take(semantic)])
    masks = np.empty((len(ids), *id_map.shape), dtype=np.uint8)
    for mask, value in zip(masks, ids):
        np.equal(id_map, value, out=mask.view(bool))
    boxes = np.array([_extents(mask) for mask in masks], dtype=np.float32).reshape(-1, 4)
    kept = (ids & ((1 << ID_SHIFT) - 1) > 0) & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    for mask in masks[~kept]:
        semantic[mask.view(bool)] = space.void
    if not kept.all():
        masks, boxes, ids = masks[kept], boxes[kept], ids[kept]
    results.update(
        gt_masks=BitmapMasks(masks, *id_map.shape),
        gt_bboxes=boxes,
        gt_labels=space.model_classes[ids >> ID_SHIFT],
        gt_instance_ids=ids.astype(np.int64),
        gt_semantic_seg=semantic,
        bbox_fields=['gt_bboxes'],
        mask_fields=['gt_masks'],
        seg_fields=['gt_semantic_seg'],
    )
    return results


def _extents(mask: np.ndarray) -> np.ndarray:
    """Return the inclusive extents x0, y0, x1, y1 of a mask with at least one pixel."""
    xs, ys = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return np.array([xs[0], ys[0], xs[-1], ys[-1]])


@PIPELINES.register_module()
class KNetInsAdapterCherryPick:
    """Cut the targets of a single image; the thing label is the position among the things.

    Put it after the crop: masks are then made at their final size and only for the instances that are left.

    Args:
        allow_empty: Keep images without a thing; otherwise they are rejected.
    """

    def __init__(self, allow_empty: bool = True) -> None:
        self.allow_empty = allow_empty

    def __call__(self, results: Dict[str, Any]) -> Optional[Dict[str, Any]]:
        """Make the targets of the image by :func:`cut_instances`; None rejects the image."""
        results = cut_instances(results)
        if len(results['gt_labels']) == 0 and not self.allow_empty:
            return None
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(allow_empty={self.allow_empty})'
