"""Boxes of things in a panoptic map, which the tracker uses."""

from typing import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from knet.structures import Segment

#: Box of a thing without visible pixels; the tracker regards all such boxes as equal.
EMPTY_BOX = (-1.0, -1.0, 10.0, 10.0)


def thing_pixels(semantic_logits: Tensor, num_things: int, size: Sequence[int]) -> Tensor:
    """Return the pixels where the semantic branch predicts a thing.

    Args:
        semantic_logits: (K, h, w) float logits of the padded image.
        num_things: T, number of thing classes; the first T channels are things.
        size: (H, W) of the result in pixels; the padding is not cut off first, as in the original.

    Returns:
        (H, W) bool; all pixels where there is no stuff to tell from things.
    """
    if num_things == len(semantic_logits):
        return torch.ones(tuple(size), dtype=torch.bool, device=semantic_logits.device)
    logits = F.interpolate(semantic_logits[None], size=tuple(size), mode='bilinear', align_corners=False)[0]
    # The arg-max is a thing iff the best thing is at least as good as the best stuff.
    return logits[:num_things].amax(0) >= logits[num_things:].amax(0)


def thing_boxes(index_map: Tensor, things: Sequence[Segment], visible: Tensor) -> Tensor:
    """Return the tight box of the visible pixels of every thing.

    Args:
        index_map: (H, W) int64, index into ``things``, -1 elsewhere.
        things: n segments.
        visible: (H, W) bool, True for the pixels that count.

    Returns:
        (n, 5) float, x0, y0, x1, y1 as inclusive pixel indices and the score; :data:`EMPTY_BOX` where nothing is
        visible.
    """
    height, width = index_map.shape
    num = len(things)
    pixels = torch.where(visible, index_map, -1).flatten().add(1)
    where = pixels.nonzero().flatten()
    owner, rows, cols = pixels[where], where // width, where % width
    # Slot 0 belongs to no thing; extremes per thing in one pass.
    low = torch.full((2, num + 1), max(height, width), device=index_map.device)
    high = torch.full((2, num + 1), -1, device=index_map.device)
    for axis, coordinate in enumerate((cols, rows)):
        low[axis].scatter_reduce_(0, owner, coordinate, 'amin')
        high[axis].scatter_reduce_(0, owner, coordinate, 'amax')
    boxes = torch.stack([low[0], low[1], high[0], high[1]], dim=1)[1:].float()
    boxes[high[0, 1:] < 0] = boxes.new_tensor(EMPTY_BOX)
    return torch.cat([boxes, boxes.new_tensor([s.score for s in things])[:, None]], dim=1)
