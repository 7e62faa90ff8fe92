"""Boxes of things in a panoptic map, which the tracker uses."""

from typing import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from knet.structures import Segment
from knet.utils.transfer import upload

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
    num, device, (height, width) = len(things), index_map.device, index_map.shape
    # Slot 0 belongs to no thing.
    owner = torch.where(visible, index_map, -1).flatten().add(1)
    if device.type == 'cpu':
        # Less work, but an accelerator would be waited for.
        pixels = owner.nonzero().flatten()
        owner = owner[pixels]
    else:
        pixels = torch.arange(len(owner), device=device)
    low, high = [], []
    for coordinate, size in ((pixels % width, width), (torch.div(pixels, width, rounding_mode='floor'), height)):
        # Columns, then rows, in which a thing has a pixel: their number does not depend on the map.
        occupied = torch.zeros((num + 1) * size, dtype=torch.bool, device=device)
        occupied = occupied.index_fill_(0, owner * size + coordinate, True).view(num + 1, size)[1:]
        position = torch.arange(size, device=device)
        low.append(torch.where(occupied, position, size).amin(1))
        high.append(torch.where(occupied, position, -1).amax(1))
    boxes = torch.stack(low + high, dim=1).float()
    boxes = torch.where(high[0][:, None] < 0, upload(EMPTY_BOX, device, boxes.dtype), boxes)
    return torch.cat([boxes, upload([s.score for s in things], device, boxes.dtype)[:, None]], dim=1)
